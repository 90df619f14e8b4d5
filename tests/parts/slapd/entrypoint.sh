#!/bin/sh
# Start slapd in the foreground; every operation is a line of the log.
set -eu
# The account slapd changes to cannot read what is mounted.
for file in server.crt server.key; do
    install --owner openldap --group openldap --mode 0400 "/tls/$file" "/run/tls/$file"
done
ulimit -n 1024 # slapd keeps a table of all there may be
exec slapd -d stats -u openldap -g openldap -f /etc/ldap/slapd.conf \
    -h 'ldap:/// ldaps:/// ldapi:///'
