// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "server/main.h"

int main(int argc, char** argv) { return pleiad::Main(argc, argv); }
