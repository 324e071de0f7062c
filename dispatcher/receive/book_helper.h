/* SPDX-License-Identifier: MIT */
/*
 * The helper process of a workbook, and what it writes: frames of u32 length, u8 kind and so many bytes.
 *
 *   'S'  the sheet's name
 *   'R'  a row: u32 number, u32 cells; each cell u8 enum cell_kind (| 128: hidden), u32 length, text
 *   'T'  the sheet is over and another one comes: what was seen, JSON
 *   'E'  the last one: the same
 *   'X'  or this: why there is nothing more, JSON {"code","line","column","what","why","todo"}
 */
#pragma once

#include "dispatcher/receive/book.h"

#define FRAME_HEAD 5u
#define FRAME_CELL_HIDDEN 128u
/* Texts of a row, and the heads of its cells. */
#define FRAME_BYTES_MAX (BOOK_ROW_BYTES_MAX + 5u * 16384u + 64u)

/* Of child_start: takes the bytes from fd until their end, then writes frames to it. */
void book_helper_run(int fd, void *options);
