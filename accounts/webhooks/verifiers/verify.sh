#!/bin/sh
# Is this webhook really from Filmgate? With openssl, and curl to pass it on.
#
#   export FILMGATE_WEBHOOK_SECRET=whsec_...
#   sh verify.sh WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body
#
# With FORWARD_TO=http://localhost:3000/ a body that is verified goes there.
# For a machine of your own: while openssl runs, whoever else is on it can see
# the key among its arguments.
set -euf
export LC_ALL=C
: "${FILMGATE_WEBHOOK_SECRET:?}"

id=${1-} timestamp=${2-} signatures=${3-}
tolerance=300

refuse() {
  echo "not verified: $1" >&2
  exit 1
}
broken() { refuse "openssl does not work"; }

case $timestamp in
  '' | *[!0-9]*) refuse "no timestamp" ;;
esac
[ "${#timestamp}" -le 12 ] || refuse "no timestamp"
now=$(date +%s)
if [ "$timestamp" -lt $((now - tolerance)) ] ||
  [ "$timestamp" -gt $((now + tolerance)) ]; then
  refuse "too old, or a clock is wrong"
fi

# A secret that is none would let anybody sign. Of a pipeline only its end
# tells whether it worked: so how much came out is counted.
secret=${FILMGATE_WEBHOOK_SECRET#whsec_}
case $secret in
  *[!A-Za-z0-9+/=]*) refuse "the secret is not base64" ;;
  *==) padding=2 ;;
  *=) padding=1 ;;
  *) padding=0 ;;
esac
key=$(printf '%s' "$secret" | openssl base64 -d -A | od -An -v -tx1 |
  tr -d ' \n')
bytes=$((${#secret} / 4 * 3 - padding))
[ "$bytes" -ge 24 ] || refuse "the secret is empty or too short"
[ "${#key}" -eq $((bytes * 2)) ] && [ $((${#secret} % 4)) -eq 0 ] ||
  refuse "the secret is not base64"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
body=$scratch/body
cat > "$body"
printf '%s.%s.' "$id" "$timestamp" > "$scratch/signed"
cat "$body" >> "$scratch/signed"
openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary \
  "$scratch/signed" > "$scratch/digest" || broken
expected=v1,$(openssl base64 -A -in "$scratch/digest") || broken
[ "${#expected}" -eq 47 ] || broken

# Digests under a word that nobody knows are compared: how long that takes
# tells nothing of what was expected.
word=$(openssl rand -hex 16) || broken
[ "${#word}" -eq 32 ] || broken
masked() {
  openssl dgst -sha256 -r << END
$word$1
END
}
wanted=$(masked "$expected") || broken
[ "${#wanted}" -ge 64 ] || broken

# Two while a secret is being replaced: one that fits is enough.
verified=no
for each in $signatures; do
  given=$(masked "$each") || broken
  if [ "$given" = "$wanted" ]; then verified=yes; fi
done
[ "$verified" = yes ] || refuse "no signature fits"

echo verified
if [ -n "${FORWARD_TO-}" ]; then
  curl --fail --silent --show-error -X POST --data-binary "@$body" \
    -H "content-type: application/json" -H "webhook-id: $id" "$FORWARD_TO"
fi
