module snmpagent

go 1.20
