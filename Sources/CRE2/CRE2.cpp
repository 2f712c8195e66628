#include "CRE2.h"

#include <re2/re2.h>

#include <string>
#include <vector>

struct CRE2Expression {
    CRE2Expression(const re2::StringPiece &pattern, const RE2::Options &options)
        : expression(pattern, options) {}
    RE2 expression;
};

extern "C" {

CRE2Expression *cre2_compile(const char *pattern, size_t length, int64_t max_memory) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_max_mem(max_memory);
    return new CRE2Expression(re2::StringPiece(pattern, length), options);
}

void cre2_free(CRE2Expression *expression) { delete expression; }

CRE2ErrorCode cre2_error_code(const CRE2Expression *expression) {
    return static_cast<CRE2ErrorCode>(expression->expression.error_code());
}

const char *cre2_error_argument(const CRE2Expression *expression, size_t *length) {
    const std::string &argument = expression->expression.error_arg();
    *length = argument.size();
    return argument.data();
}

bool cre2_matches(const CRE2Expression *expression, const char *text, size_t length) {
    return expression->expression.Match(
        re2::StringPiece(text, length), 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}

bool cre2_captures(
    const CRE2Expression *expression, const char *text, size_t length, CRE2Span *spans, int count) {
    std::vector<re2::StringPiece> groups(count);
    const re2::StringPiece subject(text, length);
    if (!expression->expression.Match(
            subject, 0, length, RE2::ANCHOR_BOTH, groups.data(), count)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (groups[i].data() == nullptr) {
            spans[i] = CRE2Span{-1, 0};
        } else {
            spans[i] = CRE2Span{
                static_cast<int64_t>(groups[i].data() - text),
                static_cast<int64_t>(groups[i].size())};
        }
    }
    return true;
}

int cre2_group_count(const CRE2Expression *expression) {
    return expression->expression.NumberOfCapturingGroups();
}

int cre2_group_index(const CRE2Expression *expression, const char *name, size_t length) {
    const auto &groups = expression->expression.NamedCapturingGroups();
    const auto found = groups.find(std::string(name, length));
    return found == groups.end() ? -1 : found->second;
}
}
