package realnode

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
)

// Network is the /16 of one cluster, 10.N.0.0/16: a link between the machine and the node, the pods,
// and the ClusterIPs. The machine reaches all of it through the node.
type Network int

// FirstNetwork and LastNetwork bound N. Other tools' defaults are elsewhere: 10.96 and 10.244 in
// Kubernetes, 10.42 and 10.43 in k3s, 10.88 in podman.
const FirstNetwork, LastNetwork Network = 160, 223

func (n Network) at(rest string) string { return fmt.Sprintf("10.%d.%s", int(n), rest) }

// All is the whole range.
func (n Network) All() string { return n.at("0.0/16") }

// Host is the machine's address on the link; the API server listens there.
func (n Network) Host() string { return n.at("0.1") }

// Node is the node's address, and that of cluster DNS.
func (n Network) Node() string { return n.at("0.2") }

// Pods is the range of the pods' addresses.
func (n Network) Pods() string { return n.at("1.0/24") }

// Services is the range of ClusterIPs.
func (n Network) Services() string { return n.at("128.0/17") }

// APIServerIP is the ClusterIP of the Service "kubernetes".
func (n Network) APIServerIP() string { return n.at("128.1") }

// Free tells whether nothing on this machine uses an address of the range.
func (n Network) Free() (bool, error) {
	used, err := usedPrefixes()
	if err != nil {
		return false, err
	}
	all := netip.MustParsePrefix(n.All())
	for _, prefix := range used {
		if prefix.Overlaps(all) {
			return false, nil
		}
	}
	return true, nil
}

// usedPrefixes are those of the machine's interfaces and routes, except default routes.
func usedPrefixes() ([]netip.Prefix, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var used []netip.Prefix
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			used = append(used, prefix)
		}
	}
	routes, err := os.Open("/proc/net/route")
	if err != nil {
		return nil, err
	}
	defer routes.Close()
	lines := bufio.NewScanner(routes)
	for lines.Scan() {
		if prefix, ok := routePrefix(lines.Text()); ok && prefix.Bits() > 0 {
			used = append(used, prefix)
		}
	}
	return used, lines.Err()
}

// routePrefix reads a line of /proc/net/route: interface, destination, gateway, flags, counters,
// metric, mask, with addresses as the kernel keeps them in memory.
func routePrefix(line string) (netip.Prefix, bool) {
	fields := strings.Fields(line)
	if len(fields) < 8 {
		return netip.Prefix{}, false
	}
	destination, err := hex.DecodeString(fields[1])
	if err != nil || len(destination) != 4 {
		return netip.Prefix{}, false // the heading
	}
	mask, err := hex.DecodeString(fields[7])
	if err != nil || len(mask) != 4 {
		return netip.Prefix{}, false
	}
	bits, _ := net.IPMask(nativeOrder(mask)).Size()
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(nativeOrder(destination))), bits), true
}

func nativeOrder(word []byte) []byte {
	return binary.NativeEndian.AppendUint32(nil, binary.BigEndian.Uint32(word))
}
