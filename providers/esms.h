/* SPDX-License-Identifier: MIT */
/* The driver for eSMS.vn; its settings are in docs/formats/esms.md. */
#pragma once

#include "providers/provider.h"

extern const struct driver esms_driver;
