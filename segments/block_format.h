/* SPDX-License-Identifier: MIT */
/* The numbers of a block's format that block.c reads and block_builder.c writes. */
#pragma once

#define BLOCK_VERSION 2
#define ROWS_HAVE_DELETED 1u
#define PHONE_SHORT 5u
#define PHONE_LONG 8u
#define NUMBER_DIGITS_MAX 15u /* so that each is a double */
#define NUMBER_CODE_MAX 7u
#define DATE_YEAR_BITS 9u /* above month and day */
#define WORD_CODES 255u
#define CARRIER_BITS 4u
