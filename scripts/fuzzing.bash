# Sourced by the scripts that build a fuzzer out of several modules, from the repository's root and
# with `out` set. What a fuzzer needs of other packages, and does not test, has a stand-in in
# bench/fuzz/standins, so that it need not be built with a fuzzer's instrumentation.

yaml=.build/checkouts/Yams/Sources/CYaml
# Fuzzers share their modules.
modules=.build/fuzzing
flags=(-O -g -wmo -enable-testing -swift-version 6 -parse-as-library -package-name tributary
    -sanitize=fuzzer,address -enable-upcoming-feature ExistentialAny
    -enable-upcoming-feature MemberImportVisibility -I "$modules" -I Sources/CSnappy -I Sources/CZlib
    -I Sources/CZstd -I Sources/CCurl -I Sources/CRE2/include -I "$yaml/include")
objects=()
mkdir -p "$modules"

compile() { # module, files and folders of sources…
    local module=$1
    shift
    local files imports
    mapfile -t files < <(find "$@" -name '*.swift' | sort)
    mapfile -t imports < <(sed -nE 's/^([a-z]+ )?import ([A-Za-z0-9]+)$/\2/p' "${files[@]}" | sort -u)
    # What is newer than all it is made of stays as it is.
    local part whole="$modules/$module.o"
    objects+=("$whole")
    for part in "${files[@]}" "${imports[@]/%/.o}" scripts/fuzzing.bash; do
        [[ $part != *.o ]] || part="$modules/$part"
        [ "$whole" -nt "$part" ] || whole=
    done
    [ -z "$whole" ] || return 0
    swiftc "${flags[@]}" -module-name "$module" -emit-module \
        -emit-module-path "$modules/$module.swiftmodule" -c "${files[@]}" -o "$modules/$module.o"
}

# Regular expressions; links with -lre2 -lstdc++.
compile_regular_expressions() {
    [ "$modules/CRE2.o" -nt Sources/CRE2/CRE2.cpp ] ||
        clang++ -std=c++17 -O1 -g -fsanitize=address -ISources/CRE2/include \
            -c Sources/CRE2/CRE2.cpp -o "$modules/CRE2.o"
    objects+=("$modules/CRE2.o")
    compile RegularExpressions Sources/RegularExpressions
}

# PromQL with the regular expressions that it needs.
compile_promql() {
    compile_regular_expressions
    compile PromQL Sources/PromQL
}

# libyaml, which Yams brings.
compile_yaml() {
    [ -d "$yaml" ] || swift package resolve
    local file object
    for file in "$yaml"/src/*.c; do
        object="$modules/yaml-$(basename "$file" .c).o"
        objects+=("$object")
        [ "$object" -nt "$file" ] || clang -O1 -g -fsanitize=fuzzer-no-link,address \
            -I "$yaml/include" -DHAVE_CONFIG_H=0 -w -c "$file" -o "$object"
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
