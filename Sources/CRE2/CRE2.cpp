#include "CRE2.h"

#include <re2/re2.h>

#include <map>
#include <string>
#include <vector>

struct cre2_regexp {
    re2::RE2 re;
    std::map<int, std::string> names;
    cre2_regexp(const re2::StringPiece &pattern, const re2::RE2::Options &options)
        : re(pattern, options)
    {
        if (re.ok()) names = re.CapturingGroupNames();
    }
};

extern "C" {
cre2_regexp *cre2_new(const char *pattern, size_t length)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_max_mem(16 << 20);
    return new cre2_regexp(re2::StringPiece(pattern, length), options);
}
void cre2_delete(cre2_regexp *re) { delete re; }
int cre2_error_code(const cre2_regexp *re) { return static_cast<int>(re->re.error_code()); }
const char *cre2_error_argument(const cre2_regexp *re, size_t *length)
{
    *length = re->re.error_arg().size();
    return re->re.error_arg().data();
}
int cre2_group_count(const cre2_regexp *re) { return re->re.NumberOfCapturingGroups(); }
const char *cre2_group_name(const cre2_regexp *re, int group, size_t *length)
{
    auto found = re->names.find(group);
    if (found == re->names.end()) return nullptr;
    *length = found->second.size();
    return found->second.data();
}
bool cre2_full_match(const cre2_regexp *re, const char *text, size_t length)
{
    re2::StringPiece piece(text, length);
    return re->re.Match(piece, 0, length, re2::RE2::ANCHOR_BOTH, nullptr, 0);
}
bool cre2_match_groups(const cre2_regexp *re, const char *text, size_t length, int groups,
                       ptrdiff_t *offsets)
{
    re2::StringPiece piece(text, length);
    std::vector<re2::StringPiece> found(static_cast<size_t>(groups));
    if (!re->re.Match(piece, 0, length, re2::RE2::ANCHOR_BOTH, found.data(), groups)) return false;
    for (int i = 0; i < groups; i++) {
        bool present = found[i].data() != nullptr;
        offsets[2 * i] = present ? found[i].data() - text : -1;
        offsets[2 * i + 1] =
            present ? found[i].data() - text + static_cast<ptrdiff_t>(found[i].size()) : -1;
    }
    return true;
}
}
