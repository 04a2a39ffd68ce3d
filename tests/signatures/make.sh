#!/bin/sh
# Makes the keys and certificates of tests/signatures.rs. Everything in them is fictitious; they open nothing.
# Run once, in this folder; the results are committed.
set -eu
days=36500

authority() { # name
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days $days -sha256 \
        -subj "/C=FR/O=dmpkit tests/CN=$1" -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
}

holder() { # name, authority, subject, extension
    openssl req -new -newkey rsa:2048 -nodes -utf8 -keyout "$1.key" -out "$1.csr" -subj "$3"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,%s\nextendedKeyUsage=emailProtection\n%s\n' "${5:-nonRepudiation}" "$4" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days $days -sha256 -extfile "$1.ext" -out "$1.pem"
    rm "$1.csr" "$1.ext"
}

authority authority
authority stranger-authority
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec-authority.key
openssl req -x509 -new -key ec-authority.key -out ec-authority.pem -days $days -sha256 -subj "/C=FR/O=dmpkit tests/CN=ec-authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"

holder cps authority "/C=FR/O=CABINET DU DR MARTIN/SN=MARTIN/GN=Hélène/CN=899900012345" "1.2.250.1.71.1.2.2=ASN1:INTEGER:0"
holder cpf ec-authority "/C=FR/O=CABINET DU DR MARTIN/SN=PETIT/GN=Luc/CN=899900012352" "1.2.250.1.71.1.2.2=ASN1:INTEGER:1"
holder cpe authority "/C=FR/O=CABINET DU DR MARTIN/SN=ROUX/GN=Anne/CN=3990000017\/12" "1.2.250.1.71.1.2.2=ASN1:INTEGER:2"
holder nameless-cpe authority "/C=FR/O=CABINET DU DR MARTIN/CN=3990000017\\/13" "1.2.250.1.71.1.2.2=ASN1:INTEGER:2"
holder structure authority "/C=FR/ST=Sarthe (72)/O=CLINIQUE, DES \"LILAS\"/OU=390000000000017/CN=cachet.clinique.test" ""
holder stranger stranger-authority "/C=FR/O=CABINET DU DR MARTIN/SN=MARTIN/GN=Hélène/CN=899900012345" "1.2.250.1.71.1.2.2=ASN1:INTEGER:0"
holder authentication authority "/C=FR/O=CABINET DU DR MARTIN/SN=MARTIN/GN=Hélène/CN=899900012345" "1.2.250.1.71.1.2.2=ASN1:INTEGER:0" digitalSignature
rm -f ./*.srl authority.key stranger-authority.key ec-authority.key
