/* SPDX-License-Identifier: MIT */
/* Forked helper processes: work that blocks or burns, away from the loop. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Fork. The child keeps nothing open but `keep` (-1 = none) and its side of a stream socket, ignores
 * TERM, INT and HUP, calls run(socket, arg) and exits. *fd is our side, non-blocking; its end is the
 * end of the child. False with errno.
 */
bool child_start(void (*run)(int fd, void *arg), void *arg, int keep, int *fd, pid_t *pid);
