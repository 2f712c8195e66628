#pragma once
#include <stdbool.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
/// A compiled RE2 expression; immutable, so that threads may share it.
typedef struct cre2_regexp cre2_regexp;
/// Never NULL; see cre2_error_code.
cre2_regexp *cre2_new(const char *pattern, size_t length);
void cre2_delete(cre2_regexp *re);
/// 0 when the pattern compiled, else RE2's error code.
int cre2_error_code(const cre2_regexp *re);
/// The offending part of the pattern.
const char *cre2_error_argument(const cre2_regexp *re, size_t *length);
int cre2_group_count(const cre2_regexp *re);
/// The name of a group, or NULL.
const char *cre2_group_name(const cre2_regexp *re, int group, size_t *length);
bool cre2_full_match(const cre2_regexp *re, const char *text, size_t length);
/// Whole match; fills 2 * groups offsets (start, end; -1 where a group took no part).
bool cre2_match_groups(const cre2_regexp *re, const char *text, size_t length, int groups,
                       ptrdiff_t *offsets);
#ifdef __cplusplus
}
#endif
