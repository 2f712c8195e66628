#ifndef CRE2_H
#define CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled expression. Immutable: every function that takes a `const CRE2Expression *` may be
/// called from several threads at once.
typedef struct CRE2Expression CRE2Expression;

/// Why an expression did not compile; the order of RE2::ErrorCode.
typedef enum CRE2ErrorCode {
    CRE2NoError = 0,
    CRE2ErrorInternal,
    CRE2ErrorBadEscape,
    CRE2ErrorBadCharacterClass,
    CRE2ErrorBadCharacterRange,
    CRE2ErrorMissingBracket,
    CRE2ErrorMissingParenthesis,
    CRE2ErrorUnexpectedParenthesis,
    CRE2ErrorTrailingBackslash,
    CRE2ErrorRepeatArgument,
    CRE2ErrorRepeatSize,
    CRE2ErrorRepeatOperator,
    CRE2ErrorBadPerlOperator,
    CRE2ErrorBadUTF8,
    CRE2ErrorBadNamedCapture,
    CRE2ErrorPatternTooLarge,
} CRE2ErrorCode;

/// Part of a text: a byte offset and a length. An offset of -1: the group took no part.
typedef struct CRE2Span {
    int64_t offset;
    int64_t length;
} CRE2Span;

/// Compiles UTF-8 with Perl syntax; a dot matches a line break. Never null; ask `cre2_error_code` whether it is usable.
/// `max_memory` bounds the program and the caches of its automata, in bytes. RE2 writes nothing to the
/// standard error, unless a pattern has more than a million nodes.
CRE2Expression *_Nonnull cre2_compile(
    const char *_Nullable pattern, size_t length, int64_t max_memory);
void cre2_free(CRE2Expression *_Nonnull expression);

CRE2ErrorCode cre2_error_code(const CRE2Expression *_Nonnull expression);
/// The offending part of the pattern; valid as long as the expression.
const char *_Nonnull cre2_error_argument(
    const CRE2Expression *_Nonnull expression, size_t *_Nonnull length);

/// Whether the expression matches the whole text.
bool cre2_matches(
    const CRE2Expression *_Nonnull expression, const char *_Nullable text, size_t length);
/// As `cre2_matches`, and writes the first `count` groups; group 0 is the whole match.
bool cre2_captures(
    const CRE2Expression *_Nonnull expression, const char *_Nullable text, size_t length,
    CRE2Span *_Nonnull spans, int count);

/// Capturing groups, the whole match not counted.
int cre2_group_count(const CRE2Expression *_Nonnull expression);
/// The number of the group of this name, or -1.
int cre2_group_index(
    const CRE2Expression *_Nonnull expression, const char *_Nullable name, size_t length);

#ifdef __cplusplus
}
#endif

#endif
