package corpus

import "testing"

func TestObjectsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, object := range Objects("ns") {
		id := object.Kind + "/" + object.Name
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
	}
	if len(seen) < 100 {
		t.Errorf("only %d objects", len(seen))
	}
}
