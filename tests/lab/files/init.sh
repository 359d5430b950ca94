# PID 1 of the switches and the router: three daemons, no systemd
trap : TERM INT
/usr/sbin/snmpd -LS4d -u root -f >/var/log/snmpd.out 2>&1 &
tries=0
while [ $tries -lt 50 ] && [ ! -S /var/agentx/master ]; do sleep 0.1; tries=$((tries + 1)); done
/usr/sbin/lldpd -d -M 4 -c -x -X /var/agentx/master >/var/log/lldpd.out 2>&1 &
[ -x /usr/sbin/sshd ] && /usr/sbin/sshd -D >/var/log/sshd.out 2>&1 &
while :; do sleep 3600 & wait $!; done
