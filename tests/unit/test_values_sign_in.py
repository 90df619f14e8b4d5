"""Values of the sign-in settings: what is taken, and what is said of the rest."""

from __future__ import annotations

import pytest

from hubkit import values

GOOD = [
    (values.words, "native", ("native",)),
    (values.words, "ldap, github,ldap", ("ldap", "github")),
    (values.some_of("userlist", "group"), "group,userlist", ("group", "userlist")),
    (values.names, "staff, lab:team", ("staff", "lab:team")),
    (values.names, "cn=a,dc=x; cn=b,dc=x", ("cn=a,dc=x", "cn=b,dc=x")),
    (values.hosts, "ldap1.example.org, 10.0.0.5", ("ldap1.example.org", "10.0.0.5")),
    (values.web_address, "https://github.com/", "https://github.com"),
    (values.web_address, "https://git.example.org:8443/gh/", "https://git.example.org:8443/gh"),
    (values.web_address, "https://[::1]:1", "https://[::1]:1"),
    (values.callback, "https://h.example.org/hub/oauth_callback", None),
    (values.secret_file, "secrets/ldap-ca.crt", None),
    (
        values.dn_templates,
        "uid={username},ou=a,dc=x;racfid={username},profiletype=user,cn=racf",
        ("uid={username},ou=a,dc=x", "racfid={username},profiletype=user,cn=racf"),
    ),
    (values.search_filter, "(&(objectClass=person)(uid={username}))", None),
]
BAD = [
    (values.words, "Native", "one or more"),
    (values.words, ",", "one or more"),
    (values.some_of("userlist", "group"), "friends", "userlist or group"),
    (values.hosts, "ldap://ldap.example.org", "without ldap://"),
    (values.hosts, "ldap.example.org:389", "without ldap://"),
    (values.hosts, ",", "host names"),
    (values.web_address, "http://github.com", "https://"),
    (values.web_address, "github.com", "https://"),
    (values.web_address, "https://user:word@github.com", "https://"),
    (values.web_address, "https://github.com/?a=b", "https://"),
    (values.callback, "https://h.example.org/", "oauth_callback"),
    (values.secret_file, "/etc/passwd", "secrets/"),
    (values.secret_file, "secrets/../.env", "secrets/"),
    (values.secret_file, "secrets/..", "secrets/"),
    (values.dn_templates, "uid=ada,ou=people", "{username}"),
    (values.dn_templates, "uid={username},cn={username}", "{username}"),
    (values.dn_templates, "uid={username},cn={other}", "{username}"),
    (values.dn_templates, "{username}", "{username}"),
    (values.dn_templates, "uid={username},ou=a;uid=ada", "{username}"),
    (values.search_filter, "uid={username}", "filter"),
    (values.search_filter, "(uid=ada)", "filter"),
    (values.search_filter, "((uid={username})", "filter"),
    (values.search_filter, "(uid={username})(cn={x})", "filter"),
]


@pytest.mark.parametrize(("parse", "written", "value"), GOOD)
def test_taken(parse, written, value):
    assert parse(written) == (written if value is None else value)


@pytest.mark.parametrize(("parse", "written", "must_be"), BAD)
def test_refused(parse, written, must_be):
    with pytest.raises(ValueError, match=r".") as caught:
        parse(written)
    assert must_be in str(caught.value)
