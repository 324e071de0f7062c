/* SPDX-License-Identifier: MIT */
/*
 * Names of people as lists have them. In Vietnam the family name stands first
 * and people are addressed by the given name, which is the last word; but not
 * everybody's name is built so, and nothing here guesses: where the given name
 * is not surely known, it is the whole name, which is never wrong.
 *
 *   Nguyễn Văn An → An      An → An      H'Hen Niê → H'Hen      Y Moan Êñuôl → Y Moan
 *   Y Vêng → Y Vêng         K'Văn Hải → K'Văn Hải               An và Bình → An và Bình
 *
 * Texts are UTF-8 in any normal form; malformed bytes harm nothing. Pure, no heap.
 */
#pragma once

#include "base/buf.h"

/*
 * The part of the name by which its person is addressed:
 * - one word: the name;
 * - H'… or K'… (with an apostrophe), or Y, A, H, K, Ka and a name, before nothing but
 *   clans of the Ê Đê and Mnông that the table knows: what stands before the clan;
 * - any other name with such a word before its last one, or with a clan as its last: the
 *   whole name;
 * - what is no name of one person (a sign or a digit besides . ' -, the word "và", II, III,
 *   IV, letters of a script without capitals): the whole;
 * - else the last word.
 * Blanks at the ends are left out. Empty for a blank name.
 */
struct slice person_given_name(struct slice name);

/*
 * A name in capitals or in small letters → Nguyễn Văn An, H'Hen Niê, K'Brể, Y Moan;
 * each part behind a blank, an apostrophe, a hyphen or another sign begins with a
 * capital. Roman numerals that are no Vietnamese word (II, III, IV …) stay. Capitals
 * whose accented letters are small, as old fonts leave them (NGUYễN), are capitals.
 * Any other mixture of both was meant and stays. Writes at most 2 × name.n bytes to
 * out; returns how many.
 */
size_t person_name_case(struct slice name, char *out);
