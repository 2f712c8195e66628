# Sourced by the scripts that build a fuzzer out of several modules, from the repository's root and
# with `out` set. What a fuzzer needs of other packages, and does not test, has a stand-in in
# bench/fuzz/standins, so that it need not be built with a fuzzer's instrumentation.

yaml=.build/checkouts/Yams/Sources/CYaml
flags=(-O -wmo -enable-testing -swift-version 6 -parse-as-library -package-name tributary
    -sanitize=fuzzer,address -enable-upcoming-feature ExistentialAny
    -enable-upcoming-feature MemberImportVisibility -I "$out" -I Sources/CSnappy -I Sources/CZlib -I Sources/CZstd
    -I Sources/CCurl -I Sources/CRE2/include -I "$yaml/include")
objects=()

compile() { # module, files and folders of sources…
    local module=$1
    shift
    local files
    mapfile -t files < <(find "$@" -name '*.swift' | sort)
    # What is newer than all it is made of stays as it is.
    local part whole="$out/$module.o"
    for part in "${files[@]}" "${objects[@]}" scripts/fuzzing.bash; do
        [ "$whole" -nt "$part" ] || whole=
    done
    if [ -n "$whole" ]; then
        objects+=("$whole")
        return
    fi
    swiftc "${flags[@]}" -module-name "$module" -emit-module \
        -emit-module-path "$out/$module.swiftmodule" -c "${files[@]}" -o "$out/$module.o"
    objects+=("$out/$module.o")
}

# libyaml, which Yams brings.
compile_yaml() {
    [ -d "$yaml" ] || swift package resolve
    local file
    for file in "$yaml"/src/*.c; do
        if [ "$out/yaml-$(basename "$file" .c).o" -nt "$file" ]; then
            objects+=("$out/yaml-$(basename "$file" .c).o")
            continue
        fi
        clang -O1 -g -fsanitize=fuzzer-no-link,address -I "$yaml/include" -DHAVE_CONFIG_H=0 -w \
            -c "$file" -o "$out/yaml-$(basename "$file" .c).o"
        objects+=("$out/yaml-$(basename "$file" .c).o")
    done
    compile YAML Sources/YAML
}

link() { # name, source, libraries…
    local name=$1 source=$2
    shift 2
    swiftc "${flags[@]}" -module-name Fuzz "$source" "${objects[@]}" "$@" -o "$out/$name"
}

run() { # name, arguments of the script…
    local name=$1
    shift
    if [[ $# -gt 0 && -e $1 ]]; then
        exec "$out/$name" "$@"
    fi
    mkdir -p "$out/corpus" "$out/seeds"
    exec "$out/$name" -max_total_time="${1:-60}" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$out/" -print_final_stats=1 "${options[@]}" "$out/corpus" "$out/seeds"
}
