// The program gitops answers, for objects on standard input, what Argo CD and Flux would make of them: Lua scripts run in
// the virtual machine that Argo CD embeds, with the same libraries open, and kstatus computes by its own library.
//
// Each line is a request, a JSON object with `do` (health, discovery, action or kstatus), `script` but for kstatus, and
// `object`; each line of output is its answer: `{"result": ...}` or `{"error": "..."}`.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type request struct {
	Do     string `json:"do"`
	Script string `json:"script"`
	// As the API's own decoder reads it: whole numbers stay whole.
	Object unstructured.Unstructured `json:"object"`
}

type answer struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		result, err := any(nil), json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			result, err = do(asked)
		}
		given := answer{Result: result}
		if err != nil {
			given = answer{Error: err.Error()}
		}
		if err := out.Encode(given); err != nil {
			panic(err)
		}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}

func do(asked request) (any, error) {
	switch asked.Do {
	case "health", "discovery", "action":
		return run(asked.Script, asked.Object.Object)
	case "kstatus":
		found, err := status.Compute(&asked.Object)
		if err != nil {
			return nil, err
		}
		return map[string]string{"status": found.Status.String(), "message": found.Message}, nil
	}
	return nil, fmt.Errorf("nobody can do %q", asked.Do)
}

// run returns what a script returns, within a second, with the libraries that Argo CD opens: neither io nor string.
func run(script string, object map[string]any) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	safe := state.NewTable()
	safe.RawSetString("time", state.NewFunction(func(l *lua.LState) int {
		l.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}))
	safe.RawSetString("date", state.NewFunction(func(l *lua.LState) int {
		if format := l.CheckString(1); format != "!%Y-%m-%dT%XZ" {
			l.RaiseError("only one format of time is known here, not %q", format)
		}
		l.Push(lua.LString(time.Now().UTC().Format(time.RFC3339)))
		return 1
	}))
	state.SetGlobal("os", safe)
	state.PreloadModule("os", func(l *lua.LState) int { l.Push(safe); return 1 })
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	value, err := luajson.Decode(state, encoded)
	if err != nil {
		return nil, err
	}
	state.SetGlobal("obj", value)
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	returned, err := luajson.Encode(state.Get(-1))
	if err != nil {
		return nil, err
	}
	var result any
	return result, json.Unmarshal(returned, &result)
}
