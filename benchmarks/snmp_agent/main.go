// A replay agent for the SNMP benchmark: many addresses, each a 48-port switch over SNMPv2c.
//
//	snmpagent -count 200 -port 16161 -loss 0.01 -seed 1
//
// It listens on 127.0.1.1 and the addresses after it, prints "ready" with the number of objects of one agent, and ends when
// its standard input closes. It answers GET, GETNEXT and GETBULK (RFC 3416 §4.2); -loss drops that share of the replies.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"sort"
)

const (
	tagInteger   = 0x02
	tagOctets    = 0x04
	tagOID       = 0x06
	tagSequence  = 0x30
	tagAddress   = 0x40
	tagCounter32 = 0x41
	tagGauge32   = 0x42
	tagTicks     = 0x43
	tagCounter64 = 0x46
	noInstance   = 0x81
	endOfView    = 0x82
	pduGet       = 0xa0
	pduGetNext   = 0xa1
	pduResponse  = 0xa2
	pduGetBulk   = 0xa5
	maxReply     = 60000
)

type object struct {
	key     []uint32
	oid     []byte // encoded value of the OBJECT IDENTIFIER, without tag and length
	varbind []byte // the whole encoded VarBind
}

func length(n int) []byte {
	switch {
	case n < 0x80:
		return []byte{byte(n)}
	case n < 0x100:
		return []byte{0x81, byte(n)}
	default:
		return []byte{0x82, byte(n >> 8), byte(n)}
	}
}

func tlv(tag byte, body []byte) []byte {
	out := append([]byte{tag}, length(len(body))...)
	return append(out, body...)
}

func number(tag byte, value uint64) []byte {
	body := []byte{byte(value)}
	for value >>= 8; value > 0; value >>= 8 {
		body = append([]byte{byte(value)}, body...)
	}
	if body[0]&0x80 != 0 {
		body = append([]byte{0}, body...)
	}
	return tlv(tag, body)
}

func oidBytes(key []uint32) []byte {
	out := []byte{byte(key[0]*40 + key[1])}
	for _, part := range key[2:] {
		chunk := []byte{byte(part & 0x7f)}
		for part >>= 7; part > 0; part >>= 7 {
			chunk = append([]byte{byte(part&0x7f) | 0x80}, chunk...)
		}
		out = append(out, chunk...)
	}
	return out
}

func parseOID(body []byte) []uint32 {
	if len(body) == 0 {
		return nil
	}
	key := []uint32{uint32(body[0]) / 40, uint32(body[0]) % 40}
	var value uint32
	for _, b := range body[1:] {
		value = value<<7 | uint32(b&0x7f)
		if b&0x80 == 0 {
			key = append(key, value)
			value = 0
		}
	}
	return key
}

func compare(a, b []uint32) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			if a[i] < b[i] {
				return -1
			}
			return 1
		}
	}
	return len(a) - len(b)
}

func text(s string) []byte { return tlv(tagOctets, []byte(s)) }

// table makes the objects of one switch: system, ifTable, ifXTable and ipAddrTable.
func table(agent int) []object {
	var objects []object
	add := func(value []byte, key ...uint32) {
		full := append([]uint32{1, 3, 6, 1, 2, 1}, key...)
		oid := oidBytes(full)
		objects = append(objects, object{full, oid, tlv(tagSequence, append(tlv(tagOID, oid), value...))})
	}
	add(text("Replay switch, 48 ports, software 1.2.3"), 1, 1, 0)
	add(tlv(tagOID, oidBytes([]uint32{1, 3, 6, 1, 4, 1, 9, 1, 1208})), 1, 2, 0)
	add(number(tagTicks, 123456), 1, 3, 0)
	add(text("ops@bench.test"), 1, 4, 0)
	add(text(fmt.Sprintf("switch%d.bench.test", agent)), 1, 5, 0)
	add(text("Row 1"), 1, 6, 0)
	add(number(tagInteger, 2), 1, 7, 0)
	const ports = 48
	for port := uint32(1); port <= ports; port++ {
		entry := func(column uint32, value []byte) { add(value, 2, 2, 1, column, port) }
		entry(1, number(tagInteger, uint64(port)))
		entry(2, text(fmt.Sprintf("GigabitEthernet1/0/%d", port)))
		entry(3, number(tagInteger, 6))
		entry(4, number(tagInteger, 1500))
		entry(5, number(tagGauge32, 1000000000))
		entry(6, tlv(tagOctets, []byte{0, 0x1b, byte(agent >> 8), byte(agent), 0, byte(port)}))
		entry(7, number(tagInteger, 1))
		entry(8, number(tagInteger, uint64(1+port%2)))
		entry(9, number(tagTicks, 4711))
		for column := uint32(10); column <= 21; column++ {
			entry(column, number(tagCounter32, uint64(port)*uint64(column)*7919))
		}
		entry(22, tlv(tagOID, []byte{0}))
		extra := func(column uint32, value []byte) { add(value, 31, 1, 1, 1, column, port) }
		extra(1, text(fmt.Sprintf("Gi1/0/%d", port)))
		for column := uint32(2); column <= 5; column++ {
			extra(column, number(tagCounter32, uint64(port)*uint64(column)))
		}
		for column := uint32(6); column <= 13; column++ {
			extra(column, number(tagCounter64, uint64(port)*uint64(column)*1099511627776))
		}
		extra(14, number(tagInteger, 1))
		extra(15, number(tagGauge32, 1000))
		extra(16, number(tagInteger, 2))
		extra(17, number(tagInteger, 1))
		extra(18, text(fmt.Sprintf("desk %d", port)))
		extra(19, number(tagTicks, 0))
	}
	address := []byte{127, 0, byte(1 + (agent-1)/250), byte(1 + (agent-1)%250)}
	last := []uint32{uint32(address[0]), uint32(address[1]), uint32(address[2]), uint32(address[3])}
	ip := func(column uint32, value []byte) { add(value, append([]uint32{4, 20, 1, column}, last...)...) }
	ip(1, tlv(tagAddress, address))
	ip(2, number(tagInteger, 1))
	ip(3, tlv(tagAddress, []byte{255, 255, 255, 0}))
	ip(4, number(tagInteger, 1))
	// something behind every table that is read, as real agents have
	for column := uint32(1); column <= 4; column++ {
		full := []uint32{1, 3, 6, 1, 6, 3, 10, 2, 1, column, 0}
		oid := oidBytes(full)
		objects = append(objects, object{full, oid, tlv(tagSequence, append(tlv(tagOID, oid), number(tagInteger, 1)...))})
	}
	sort.Slice(objects, func(i, j int) bool { return compare(objects[i].key, objects[j].key) < 0 })
	return objects
}

// element splits one BER element off the front; ok is false for a cut-off one.
func element(data []byte) (tag byte, body, rest []byte, ok bool) {
	if len(data) < 2 {
		return 0, nil, nil, false
	}
	tag = data[0]
	size, at := int(data[1]), 2
	if size&0x80 != 0 {
		count := size & 0x7f
		if len(data) < 2+count || count > 3 {
			return 0, nil, nil, false
		}
		size = 0
		for _, b := range data[2 : 2+count] {
			size = size<<8 | int(b)
		}
		at += count
	}
	if len(data) < at+size {
		return 0, nil, nil, false
	}
	return tag, data[at : at+size], data[at+size:], true
}

func small(body []byte) int {
	value := 0
	for _, b := range body {
		value = value<<8 | int(b)
	}
	return value
}

func reply(objects []object, packet []byte) []byte {
	_, message, _, ok := element(packet)
	if !ok {
		return nil
	}
	_, version, rest, ok := element(message)
	if !ok {
		return nil
	}
	_, community, rest, ok := element(rest)
	if !ok || !bytes.Equal(community, []byte("public")) {
		return nil
	}
	kind, pdu, _, ok := element(rest)
	if !ok {
		return nil
	}
	_, id, rest, ok := element(pdu)
	if !ok {
		return nil
	}
	_, nonRepeaters, rest, ok := element(rest)
	if !ok {
		return nil
	}
	_, repetitions, rest, ok := element(rest)
	if !ok {
		return nil
	}
	_, list, _, ok := element(rest)
	if !ok {
		return nil
	}
	_ = nonRepeaters
	var out []byte
	for len(list) > 0 {
		var varbind []byte
		if _, varbind, list, ok = element(list); !ok {
			return nil
		}
		_, oid, _, ok := element(varbind)
		if !ok {
			return nil
		}
		key := parseOID(oid)
		at := sort.Search(len(objects), func(i int) bool { return compare(objects[i].key, key) >= 0 })
		exact := at < len(objects) && compare(objects[at].key, key) == 0
		if kind == pduGet {
			if exact {
				out = append(out, objects[at].varbind...)
			} else {
				out = append(out, tlv(tagSequence, append(tlv(tagOID, oid), noInstance, 0))...)
			}
			continue
		}
		if exact {
			at++
		}
		count := 1
		if kind == pduGetBulk {
			count = small(repetitions)
		}
		last := oid
		for ; count > 0; count-- {
			if at >= len(objects) {
				out = append(out, tlv(tagSequence, append(tlv(tagOID, last), endOfView, 0))...)
				break
			}
			if len(out)+len(objects[at].varbind) > maxReply {
				break
			}
			out = append(out, objects[at].varbind...)
			last = objects[at].oid
			at++
		}
	}
	body := tlv(tagInteger, id)
	body = append(body, 2, 1, 0, 2, 1, 0)
	body = append(body, tlv(tagSequence, out)...)
	head := append(tlv(tagInteger, version), tlv(tagOctets, community)...)
	return tlv(tagSequence, append(head, tlv(pduResponse, body)...))
}

func serve(connection *net.UDPConn, objects []object, loss float64, seed int64) {
	buffer := make([]byte, 65536)
	chance := rand.New(rand.NewSource(seed))
	for {
		size, from, err := connection.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		answer := reply(objects, buffer[:size])
		if answer == nil || chance.Float64() < loss {
			continue
		}
		_, _ = connection.WriteToUDP(answer, from)
	}
}

func main() {
	count := flag.Int("count", 200, "agents")
	port := flag.Int("port", 16161, "UDP port")
	loss := flag.Float64("loss", 0, "share of replies dropped")
	seed := flag.Int64("seed", 1, "of the drops")
	flag.Parse()
	size := 0
	for agent := 1; agent <= *count; agent++ {
		objects := table(agent)
		size = len(objects)
		address := net.UDPAddr{IP: net.IPv4(127, 0, byte(1+(agent-1)/250), byte(1+(agent-1)%250)), Port: *port}
		connection, err := net.ListenUDP("udp4", &address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go serve(connection, objects, *loss, *seed+int64(agent))
	}
	fmt.Println("ready", size)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
