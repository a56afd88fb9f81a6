// The program dashboard reads a Grafana dashboard from standard input and holds it to the schemas that Grafana generates
// from its own sources: that of the dashboard, and those of each panel's options, fields and queries. It prints what is
// wrong, and exits with 1 then: unknown fields, missing ones, wrong types, and numbers out of their range.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = check(text)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func check(text []byte) error {
	register()
	var strict, read dashboard.Dashboard
	if err := strict.UnmarshalJSONStrict(text); !isNone(err) {
		return err
	}
	// Strict reading keeps no panels, so there would be nothing to validate.
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	var raw struct {
		Panels []struct {
			FieldConfig json.RawMessage `json:"fieldConfig"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	for number, found := range read.Panels {
		if found.Panel == nil {
			continue // a row has nothing but a title
		}
		if err := checkPanel(found.Panel, raw.Panels[number].FieldConfig); !isNone(err) {
			return fmt.Errorf("panels[%d]: %w", number, err)
		}
	}
	if err := read.Validate(); !isNone(err) {
		return err
	}
	return nil
}

// register makes known the schemas that are needed here: all that there are would take long to build.
func register() {
	schemas := cog.NewRuntime()
	schemas.RegisterPanelcfgVariant(stat.VariantConfig())
	schemas.RegisterPanelcfgVariant(statetimeline.VariantConfig())
	schemas.RegisterPanelcfgVariant(table.VariantConfig())
	schemas.RegisterPanelcfgVariant(timeseries.VariantConfig())
	schemas.RegisterDataqueryVariant(prometheus.VariantConfig())
}

// checkPanel finds what strict reading of a dashboard lets through.
func checkPanel(panel *dashboard.Panel, fields json.RawMessage) error {
	if _, known := cog.ConfigForPanelcfgVariant(panel.Type); !known {
		return fmt.Errorf("no schema is known for a panel of type %q", panel.Type)
	}
	for _, target := range panel.Targets {
		if target.DataqueryType() != "prometheus" {
			return errors.New("no schema is known for a query that is none of Prometheus")
		}
	}
	var config dashboard.FieldConfigSource
	return config.UnmarshalJSONStrict(fields)
}

// isNone also knows an empty list of errors, which is what strict reading comes to where all is well.
func isNone(err error) bool {
	var list cog.BuildErrors
	return err == nil || (errors.As(err, &list) && len(list) == 0)
}
