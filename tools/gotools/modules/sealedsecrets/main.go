// The program sealedsecrets opens a value of a SealedSecret with the library of Bitnami's controller.
//
// Standard input is a JSON object: `sealed`, a value of spec.encryptedData; `label`, what the scope binds it to; and `key`,
// the controller's private key as PEM (PKCS #1). The output is the value in clear. What cannot be opened ends it with a
// message and status 1.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
)

type request struct {
	Sealed []byte `json:"sealed"`
	Label  string `json:"label"`
	Key    string `json:"key"`
}

func main() {
	if err := open(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open() error {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	block, _ := pem.Decode([]byte(asked.Key))
	if block == nil {
		return errors.New("the key is no PEM")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	keys := map[string]*rsa.PrivateKey{"only": key}
	value, err := crypto.HybridDecrypt(rand.Reader, keys, asked.Sealed, []byte(asked.Label))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(value)
	return err
}
