#pragma once

#include <string.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>

// What res_nsearch needs is a struct behind macros, which Swift does not see.

/// Asks the resolver of the system, or one server in its place, for the records of a name. It blocks
/// for some seconds at most for each server and search domain.
///
/// Returns the length of the answer, or a negative number: -1 - h_errno.
static inline int resolv_search(
    const char *name, int type, const struct sockaddr_in *server, unsigned char *answer,
    int size) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) { return -1 - NO_RECOVERY; }
    if (server) {
        state.nsaddr_list[0] = *server;
        state.nscount = 1;
    }
    state.retrans = 2;
    state.retry = 2;
    int length = res_nsearch(&state, name, ns_c_in, type, answer, size);
    int error = state.res_h_errno;
    res_nclose(&state);
    return length < 0 ? -1 - error : length;
}
