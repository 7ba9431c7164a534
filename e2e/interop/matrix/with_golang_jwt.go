// A peer of the matrix: golang-jwt, as Debian packages it. Input and output are those of pyjwt.py.
package main

import (
	"encoding/base64"
	"encoding/json"
	"os"

	"github.com/golang-jwt/jwt"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var given struct {
		Key   struct{ K, Kid string }
		Read  []string
		Write []jwt.MapClaims
	}
	check(json.NewDecoder(os.Stdin).Decode(&given))
	key, err := base64.RawURLEncoding.DecodeString(given.Key.K)
	check(err)

	read := []jwt.MapClaims{}
	for _, text := range given.Read {
		parser := jwt.Parser{ValidMethods: []string{"HS256"}}
		token, err := parser.Parse(text, func(*jwt.Token) (interface{}, error) { return key, nil })
		if err == nil {
			read = append(read, token.Claims.(jwt.MapClaims))
		} else {
			read = append(read, nil)
		}
	}
	written := []string{}
	for _, claims := range given.Write {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
		token.Header["kid"] = given.Key.Kid
		text, err := token.SignedString(key)
		check(err)
		written = append(written, text)
	}
	answer := map[string]interface{}{"name": "golang-jwt 4", "read": read, "written": written}
	check(json.NewEncoder(os.Stdout).Encode(answer))
}
