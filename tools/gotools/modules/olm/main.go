// The program olm looks at a bundle for the Operator Lifecycle Manager with operator-framework's own validators.
//
// The argument is the bundle's folder. Each line of output is what one of them found: `error` or `warning`, and what it
// says. A folder that holds no bundle ends it with a message and status 1.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/validation"
	"github.com/operator-framework/api/pkg/validation/errors"
	interfaces "github.com/operator-framework/api/pkg/validation/interfaces"
)

// Not among them: what is deprecated, and what pulls the image.
var validators = interfaces.Validators{
	validation.ClusterServiceVersionValidator,
	validation.CustomResourceDefinitionValidator,
	validation.BundleValidator,
	validation.OperatorHubV2Validator,
	validation.StandardCapabilitiesValidator,
	validation.StandardCategoriesValidator,
	validation.ObjectValidator,
	validation.AlphaDeprecatedAPIsValidator,
	validation.GoodPracticesValidator,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: olm FOLDER")
		os.Exit(2)
	}
	bundle, err := manifests.GetBundleFromDir(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Each object in it, and the bundle as a whole.
	for _, result := range validators.Validate(bundle.ObjectsToValidate()...) {
		say("error", result.Errors)
		say("warning", result.Warnings)
	}
}

func say(level string, found []errors.Error) {
	for _, one := range found {
		fmt.Println(level, strings.Join(strings.Fields(one.Field+" "+one.Detail), " "))
	}
}
