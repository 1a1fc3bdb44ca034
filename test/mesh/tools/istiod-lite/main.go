// istiod-lite is Istio's own configuration generator without Kubernetes: it serves xDS from the YAML it is given.
//
//	istiod-lite -xds ADDRESS -control ADDRESS -trust-domain NAME [-mesh FILE] [-objects FILE] BASE...
//
// BASE are Istio's resources that stay; -mesh is the mesh's configuration; -objects are Kubernetes' (namespaces, services, gateways), which ambient mode
// needs. PUT /policies on the control address replaces the policies and answers the version of the push that has them;
// Istio's own validation answers 422. Istio's /debug/ pages stand there too. Prints "ready" when it listens.
//
// The generator is the fake server of Istio's own tests, which tolerates unknown fields: crdcheck finds those.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/xds/filters"
	fake "istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/test"
)

type flags struct {
	xds, control, trustDomain, mesh, objects string
	base                                     []string
}

// policies are those of the last PUT, which the next one replaces.
type policies struct {
	store   model.ConfigStore
	present map[string]config.Config
	// received is how many changes the generator has been told of
	received func() int64
	// version of what was pushed last
	version func() string
}

func identity(c config.Config) string {
	return strings.Join([]string{c.GroupVersionKind.String(), c.Namespace, c.Name}, "/")
}

func (p *policies) replace(parsed []config.Config) error {
	next := make(map[string]config.Config, len(parsed))
	told, changes := p.received(), int64(0)
	for _, each := range parsed {
		var err error
		if old := p.store.Get(each.GroupVersionKind, each.Name, each.Namespace); old == nil {
			_, err = p.store.Create(each)
		} else {
			each.ResourceVersion = old.ResourceVersion
			_, err = p.store.Update(each)
		}
		if err != nil {
			return err
		}
		next[identity(each)] = each
		changes++
	}
	for name, each := range p.present {
		if _, stays := next[name]; stays {
			continue
		}
		if err := p.store.Delete(each.GroupVersionKind, each.Name, each.Namespace, nil); err != nil {
			return err
		}
		changes++
	}
	p.present = next
	// the store tells of its changes when it gets to it
	for end := time.Now().Add(10 * time.Second); p.received() < told+changes; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return errors.New("the generator was not told of every change")
		}
	}
	return nil
}

func (p *policies) put(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	parsed, unknown, err := crd.ParseInputs(string(text))
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("%d resources of unknown kinds", len(unknown))
	}
	if err == nil && len(parsed) == 0 {
		err = errors.New("no resources")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	if err := p.replace(parsed); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, p.version())
}

func read(files ...string) (string, error) {
	texts := make([]string, 0, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		texts = append(texts, string(text))
	}
	return strings.Join(texts, "\n---\n"), nil
}

func serve(t test.Failer, given flags) {
	base, err := read(given.base...)
	if err != nil {
		t.Fatal(err)
	}
	objects := ""
	if given.objects != "" {
		if objects, err = read(given.objects); err != nil {
			t.Fatal(err)
		}
	}
	meshConfig := mesh.DefaultMeshConfig()
	if given.mesh != "" {
		text, err := read(given.mesh)
		if err != nil {
			t.Fatal(err)
		}
		if meshConfig, err = mesh.ApplyMeshConfigDefaults(text); err != nil {
			t.Fatal(err)
		}
	}
	meshConfig.TrustDomain = given.trustDomain
	server := fake.NewFakeDiscoveryServer(t, fake.FakeOptions{
		ConfigString:           base,
		KubernetesObjectString: objects,
		MeshConfig:             meshConfig,
		ListenerBuilder:        func() (net.Listener, error) { return net.Listen("tcp", given.xds) },
	})
	held := &policies{
		store:    server.Store(),
		received: server.Discovery.InboundUpdates.Load,
		version: func() string {
			server.EnsureSynced(t)
			return server.PushContext().PushVersion
		},
	}
	http.HandleFunc("PUT /policies", held.put)
	http.Handle("/debug/", server.DiscoveryDebug)
	control, err := net.Listen("tcp", given.control)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	t.Fatal(http.Serve(control, nil))
}

func main() {
	var given flags
	flag.StringVar(&given.xds, "xds", "127.0.0.1:15010", "address of xDS")
	flag.StringVar(&given.control, "control", "127.0.0.1:15080", "address of PUT /policies")
	flag.StringVar(&given.trustDomain, "trust-domain", "cluster.local", "trust domain of the mesh")
	flag.StringVar(&given.mesh, "mesh", "", "file of the mesh's configuration")
	flag.StringVar(&given.objects, "objects", "", "file of Kubernetes objects")
	flag.Parse()
	given.base = flag.Args()
	// Envoy as released has none of the filters of istio-proxy for telemetry
	filters.WaypointDownstreamMetadataFilter.IsOptional = true
	filters.WaypointUpstreamMetadataFilter.IsOptional = true
	fmt.Fprintln(os.Stderr, test.Wrap(func(t test.Failer) { serve(t, given) }))
	os.Exit(1)
}
