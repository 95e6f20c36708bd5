// Vectors of another implementation: golang.org/x/mod/sumdb/tlog and note, which the checksum database of Go runs on.
//
// Debian: apt-get install golang-go golang-golang-x-mod-dev
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run tests/log/vectors.go > tests/log/vectors.json
//	python -m tests.log.judged | GO111MODULE=off GOPATH=/usr/share/gocode go run tests/log/vectors.go judge
//
// The first makes vectors.json, in which leaf n is the number n in decimal; where a size has too many proofs, those of
// some places are taken. The second judges what our code makes: a line of JSON for each proof and note.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = h[index]
	}
	return found, nil
}

// Size, root, and the first bytes of SHA-256 over all tiles, over inclusion proofs, and over consistency proofs.
type vector [5]any

type signed struct{ Name, Seed, Private, Vkey, Text, Note string }

func main() {
	if len(os.Args) > 1 {
		judge()
		return
	}
	var sizes []int64
	for n := int64(1); n <= 300; n++ {
		sizes = append(sizes, n)
	}
	sizes = append(sizes, 511, 512, 513, 8760, 65535, 65536, 65537, 70000)
	var stored hashes
	for n := int64(0); n < 70000; n++ {
		more, err := tlog.StoredHashes(n, []byte(strconv.FormatInt(n, 10)), stored)
		check(err)
		stored = append(stored, more...)
	}
	var vectors []vector
	for _, size := range sizes {
		vectors = append(vectors, make_(size, stored))
	}
	out, err := json.Marshal(map[string]any{"trees": vectors, "notes": notes()})
	check(err)
	fmt.Println(string(out))
}

func make_(size int64, stored hashes) vector {
	root, err := tlog.TreeHash(size, stored)
	check(err)
	tiles, inclusion, consistency := sha256.New(), sha256.New(), sha256.New()
	for level := 0; size>>uint(8*level) > 0; level++ {
		count := size >> uint(8*level)
		for n := int64(0); n*256 < count; n++ {
			width := count - n*256
			if width > 256 {
				width = 256
			}
			data, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: n, W: int(width)}, stored)
			check(err)
			tiles.Write(data)
		}
	}
	step := size/100 + 1
	for n := int64(0); n < size; n += step {
		proof, err := tlog.ProveRecord(size, n, stored)
		check(err)
		for _, h := range proof {
			inclusion.Write(h[:])
		}
		old, err := tlog.ProveTree(size, n+1, stored)
		check(err)
		for _, h := range old {
			consistency.Write(h[:])
		}
	}
	return vector{size, base64.StdEncoding.EncodeToString(root[:]), hex.EncodeToString(tiles.Sum(nil)[:8]),
		hex.EncodeToString(inclusion.Sum(nil)[:8]), hex.EncodeToString(consistency.Sum(nil)[:8])}
}

func notes() []signed {
	var found []signed
	for i, name := range []string{"site.example/log", "xn--bcher-kva.example/log", "a"} {
		seed := sha256.Sum256([]byte{byte(i)})
		private, vkey, err := note.GenerateKey(bytes.NewReader(seed[:]), name)
		check(err)
		signer, err := note.NewSigner(private)
		check(err)
		text := fmt.Sprintf("%s\n%d\n%s\n", name, i, base64.StdEncoding.EncodeToString(seed[:]))
		made, err := note.Sign(&note.Note{Text: text}, signer)
		check(err)
		found = append(found, signed{name, hex.EncodeToString(seed[:]), private, vkey, text, string(made)})
	}
	return found
}

type judged struct {
	Kind, Vkey, Note, Root, OldRoot string
	Leaf                            string
	Proof                           []string
	Index, Size, Old                int64
}

func judge() {
	counts, lines := map[string]int{}, bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one judged
		check(json.Unmarshal(lines.Bytes(), &one))
		switch one.Kind {
		case "note":
			verifier, err := note.NewVerifier(one.Vkey)
			check(err)
			_, err = note.Open([]byte(one.Note), note.VerifierList(verifier))
			check(err)
		case "inclusion":
			leaf := tlog.RecordHash([]byte(one.Leaf))
			check(tlog.CheckRecord(all(one.Proof), one.Size, hash(one.Root), one.Index, leaf))
		case "consistency":
			check(tlog.CheckTree(tlog.TreeProof(all(one.Proof)), one.Size, hash(one.Root), one.Old, hash(one.OldRoot)))
		default:
			log.Fatal(one.Kind)
		}
		counts[one.Kind]++
	}
	fmt.Println("accepted:", counts)
}

func hash(text string) tlog.Hash {
	h, err := tlog.ParseHash(text)
	check(err)
	return h
}

func all(texts []string) []tlog.Hash {
	found := []tlog.Hash{}
	for _, text := range texts {
		found = append(found, hash(text))
	}
	return found
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
