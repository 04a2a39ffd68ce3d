#!/bin/sh
# Builds the library and the story of cabinet.c, then runs it in a fresh temporary folder.
# Needs cargo and a C compiler (cc). Optional: a command to run it under, e.g. `run.sh valgrind`.
set -eu
cd "$(dirname "$0")/../.."
# The library alone: without the command and the simulator, as it is shipped.
cargo build --release --lib --no-default-features --features encryption,national,pkcs11
build=${CARGO_TARGET_DIR:-target}/release
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The program asks for the library by its SONAME.
cp "$build/libdmpkit.so" "$folder/libdmpkit.so.0"
cc -std=c99 -Wall -Wextra -pedantic -Iinclude examples/c/cabinet.c \
    "$folder/libdmpkit.so.0" -Wl,-rpath,"$folder" -o "$folder/cabinet"
mkdir "$folder/files"
"$@" "$folder/cabinet" "$folder/files" tests/fixtures/cr_consultation_pdf.xml \
    examples/c/ordonnance.pdf examples/c/ordonnance_rectifiee.pdf
