#!/bin/sh
# Creates the shop's role, database and table; harmless when they are there already
set -e
tries=0
until psql -qAtc 'select 1' >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 30 ] || exit 1
  sleep 0.3
done
if [ -z "$(psql -qAtc "select 1 from pg_roles where rolname = 'shop'")" ]; then
  psql -q <<SQL
create role shop login password 'shop-pw';
create database shop owner shop;
\c shop
create table orders (id serial primary key, item text);
insert into orders (item) values ('apple'), ('pear');
grant all on all tables in schema public to shop;
SQL
fi
configuration=/etc/postgresql/15/main/pg_hba.conf
if ! grep -q 10.77 $configuration; then
  echo 'host shop shop 10.77.0.0/16 scram-sha-256' >> $configuration
  psql -qc 'select pg_reload_conf()' >/dev/null
fi
