# Runs in every node before its init, at each start
id cmdb >/dev/null 2>&1 || useradd -m -s /bin/bash cmdb
echo 'cmdb:cmdb-lab-pw' | chpasswd
echo 'cmdb ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/cmdb
chmod 440 /etc/sudoers.d/cmdb
if [ -f /opt/lab/authorized_keys ]; then
  mkdir -p /home/cmdb/.ssh
  cp /opt/lab/authorized_keys /home/cmdb/.ssh/
  chown -R cmdb:cmdb /home/cmdb/.ssh
  chmod 700 /home/cmdb/.ssh
  chmod 600 /home/cmdb/.ssh/authorized_keys
fi
[ -f /etc/snmp/snmpd.conf ] && chown root:Debian-snmp /etc/snmp/snmpd.conf
# createUser is read only when the persistent file does not know the user yet
rm -f /var/lib/snmp/snmpd.conf
mkdir -p /var/agentx /run/sshd /run/lldpd
exit 0
