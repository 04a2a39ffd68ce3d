#!/bin/sh
# The same story over the protocols of the national DMP: starts the simulator on a free port of this machine, with test
# cards, and runs cabinet.c against it over mutual TLS. Then shows what was exchanged.
# Needs cargo and a C compiler (cc). Optional: a command to run the story under, e.g. `simulator.sh valgrind`.
set -eu
cd "$(dirname "$0")/../.."
cargo build --release
build=${CARGO_TARGET_DIR:-target}/release
folder=$(mktemp -d)
simulator=
trap 'if [ -n "$simulator" ]; then kill "$simulator" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
# The program asks for the library by its SONAME.
cp "$build/libdmpkit.so" "$folder/libdmpkit.so.0"
cc -std=c99 -Wall -Wextra -pedantic -Iinclude examples/c/cabinet.c \
    "$folder/libdmpkit.so.0" -Wl,-rpath,"$folder" -o "$folder/cabinet"
mkdir "$folder/files"
"$build/dmpkit" simulator --json --listen 127.0.0.1:0 --dmp "$folder/dmp.db" --certificates "$folder/certificates" \
    --script examples/c/simulator.json --clock follow --log "$folder/exchanges.jsonl" >"$folder/ready.json" &
simulator=$!
# It tells where it is once it answers.
until [ -s "$folder/ready.json" ]; do
    kill -0 "$simulator"
    sleep 0.1
done
url=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$folder/ready.json")
cat >"$folder/dmp.json" <<EOF
{"national": {
  "url": "$url",
  "network": {"trust": {"path": "$folder/certificates/ca.pem"}},
  "keys": [{"cards": "$folder/certificates/cards"}],
  "simulator": true
}}
EOF
"$@" "$folder/cabinet" "$folder/files" tests/fixtures/cr_consultation_pdf.xml \
    examples/c/ordonnance.pdf examples/c/ordonnance_rectifiee.pdf "$folder/dmp.json"
printf '\nÉchanges avec le simulateur :\n'
sed -n 's/.*"transaction": *"\([^"]*\)".*/\1/p' "$folder/exchanges.jsonl" | sort | uniq -c
