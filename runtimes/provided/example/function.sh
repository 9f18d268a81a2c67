# Counts the bytes of the event.
handler() {
    echo "counting" >&2
    count=$(wc -c)
    [ "$count" -gt 2 ] || return 3
    printf '{"bytes":%s}' "$count"
}
