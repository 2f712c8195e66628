# Sourced by the scripts that fetch servers for the tests: takes Debian's or Ubuntu's packages and
# unpacks them into a directory. No service starts, nothing else on the machine changes, and no
# right of root is needed. apt verifies the signatures.

# Whether there is anything to take packages with.
has_packages() { command -v apt-get >/dev/null && command -v dpkg >/dev/null; }

# unpack_into DIRECTORY PACKAGES… : files *.deb; nothing is left half unpacked.
unpack_into() {
    local directory=$1 package
    shift
    rm -rf "$directory.new"
    mkdir -p "$directory.new"
    for package in "$@"; do dpkg -x "$package" "$directory.new" || return 1; done
    rm -rf "$directory"
    mv "$directory.new" "$directory"
}

# unpack_from_machine DIRECTORY LISTER : what the machine's own sources have. The command LISTER
# prints the names of the packages; it is given the options that apt-cache needs.
unpack_from_machine() {
    local directory=$1 lister=$2 lists work options=() names=()
    work="$(mktemp -d)"
    mkdir -p "$work/lists/partial" "$work/archives/partial"
    # Lists of our own, where the machine's are missing or old and only root may refresh them.
    for lists in of-the-machine of-our-own; do
        if [ "$lists" = of-our-own ]; then
            options=(-o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work")
            apt-get update -qq "${options[@]}" >&2 || true
        fi
        read -r -a names < <("$lister" "${options[@]}") || true
        [ ${#names[@]} -gt 0 ] || continue
        if (cd "$work" && apt-get download -qq "${options[@]}" "${names[@]}" >/dev/null 2>&1) &&
            unpack_into "$directory" "$work"/*.deb; then
            rm -rf "$work"
            return 0
        fi
    done
    rm -rf "$work"
    return 1
}

# The mirrors of Debian that the machine's own sources name, in either format of theirs: apt reads
# them. A server of other packages may be among them; it does not have Debian's signature.
debian_mirrors() {
    local names="stable|oldstable|testing|unstable|sid|bullseye|bookworm|trixie|forky"
    apt-get update --print-uris 2>/dev/null |
        sed -nE "s#^'(.*)/dists/($names)/InRelease' .*#\1#p" | awk '!seen[$0]++'
}

# unpack_from_debian DIRECTORY SUITE PACKAGES… : the packages of one of Debian's suites, from the
# mirror that the machine uses, whatever suite the machine itself is of.
unpack_from_debian() {
    local directory=$1 suite=$2 work mirror options
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    shift 2
    [ -e "$keyring" ] || keyring="${keyring%.gpg}.pgp"
    if ! [ -e "$keyring" ]; then return 1; fi
    work="$(mktemp -d)"
    mkdir -p "$work/lists/partial" "$work/archives/partial"
    options=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "APT::Sandbox::User=$(id -un)")
    for mirror in $(debian_mirrors); do
        echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
        if apt-get update -qq "${options[@]}" >&2 &&
            (cd "$work" && apt-get download -qq "${options[@]}" "$@" >&2) &&
            unpack_into "$directory" "$work"/*.deb; then
            rm -rf "$work"
            return 0
        fi
    done
    rm -rf "$work"
    return 1
}

# The version of the package that apt would install from the machine's own sources, or nothing.
candidate() { apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: \([0-9].*\)/\1/p'; }

# The version that a prometheus or a promtool says it has, or nothing if it does not run.
prometheus_version() { "$1" --version 2>&1 | sed -n 's/^[a-z]*, version \([^ ]*\).*/\1/p;q'; }

# Exports where the servers of the tests are. Without one of them its tests are skipped, and say so;
# continuous integration (CI=true) does not accept that.
export_servers() {
    local script name directory
    while read -r script name; do
        # shellcheck disable=SC2086
        if directory="$(${script/:/ })"; then
            export "$name=$directory"
        elif [ "${CI:-}" = true ]; then
            return 1
        else
            echo "SKIPPED: the tests that need what ${script/:/ } would bring." >&2
        fi
    done <<'SERVERS'
scripts/fetch-forky:prometheus TRIBUTARY_PROMETHEUS3_BIN
scripts/fetch-victoriametrics TRIBUTARY_VICTORIAMETRICS_BIN
scripts/fetch-prometheus TRIBUTARY_PROMETHEUS_BIN
scripts/fetch-chromium TRIBUTARY_CHROMIUM
SERVERS
}
