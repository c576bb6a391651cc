package realnode

import (
	"net"
	"net/netip"
	"testing"
)

func TestRoutesAreRead(t *testing.T) {
	// The kernel writes addresses as they are in memory: as here on a little-endian machine.
	for line, want := range map[string]string{
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU": "",
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0":                  "0.0.0.0/0",
		"lc01234567\t0000A00A\t0200A00A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0":      "10.160.0.0/16",
		"eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0":            "192.0.2.0/24",
	} {
		prefix, ok := routePrefix(line)
		if ok != (want != "") || ok && prefix.String() != want {
			t.Errorf("%q: %v, %v", line, prefix, ok)
		}
	}
}

func TestANetworkInUseIsNotFree(t *testing.T) {
	used, err := usedPrefixes()
	if err != nil {
		t.Fatal(err)
	}
	loopback := netip.MustParsePrefix("127.0.0.1/8")
	for _, prefix := range used {
		if prefix == loopback {
			return
		}
	}
	addresses, _ := net.InterfaceAddrs()
	t.Errorf("of %v only %v count", addresses, used)
}

func TestTheRangesOfAClusterDoNotMeet(t *testing.T) {
	for _, n := range []Network{FirstNetwork, LastNetwork} {
		all := netip.MustParsePrefix(n.All())
		pods, services := netip.MustParsePrefix(n.Pods()), netip.MustParsePrefix(n.Services())
		if pods.Overlaps(services) || !all.Overlaps(pods) || !all.Overlaps(services) {
			t.Errorf("%s: pods %s, services %s", all, pods, services)
		}
		for _, address := range []string{n.Host(), n.Node()} {
			if a := netip.MustParseAddr(address); pods.Contains(a) || services.Contains(a) || !all.Contains(a) {
				t.Errorf("%s of %s", a, all)
			}
		}
		if !services.Contains(netip.MustParseAddr(n.APIServerIP())) {
			t.Errorf("%s is not in %s", n.APIServerIP(), services)
		}
	}
}
