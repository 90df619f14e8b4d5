"""Certificates with which users reach the kernel gateway, and the kit's own authority.

Works on files in ``secrets/`` alone; neither Docker nor JupyterHub is needed. From the
bottom: `places` (what lies where), `identity` (a user's name in a certificate and as a
folder), `files`, `pem`, `chain`, `sign`, `pkcs12`; on these `examine` (what is wrong with
one set of files), `bundle` (what a server's start needs), `authority`, `acceptance` (whether
a gateway and a user's files fit), and the actions of `hubkit certs`: `desk`, `importing`,
`overview`, `checking`.
"""
