// crdcheck holds manifests against the schemas of their kinds with Kubernetes' own code: structure, unknown fields,
// defaults and the rules in CEL.
//
//	crdcheck -crds FOLDER MANIFEST...
//
// FOLDER holds CustomResourceDefinitions. Prints one line of JSON for each manifest, {"file","error"}; the error is
// empty if there is none. The status is 0 whatever it found, 2 if it could not look.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"istio.io/istio/pkg/config/crd"
)

type finding struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

func check() error {
	folder := flag.String("crds", "", "folder of CustomResourceDefinitions")
	flag.Parse()
	definitions, err := filepath.Glob(filepath.Join(*folder, "*.yaml"))
	if err != nil {
		return err
	}
	if len(definitions) == 0 {
		return fmt.Errorf("no definitions in %q", *folder)
	}
	validator, err := crd.NewValidatorFromFilesWithOptions(definitions, crd.WithoutCRDValidation())
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, file := range flag.Args() {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		found := finding{File: file}
		if err := validator.ValidateCustomResourceYAML(string(text), nil); err != nil {
			found.Error = err.Error()
		}
		if err := out.Encode(found); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
