// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Names for clang's -Wthread-safety; nothing under other compilers.
#pragma once

#if defined(__clang__)
#define PLEIAD_TSA(x) __attribute__((x))
#else
#define PLEIAD_TSA(x)
#endif

#define CAPABILITY(x) PLEIAD_TSA(capability(x))
#define SCOPED_CAPABILITY PLEIAD_TSA(scoped_lockable)
#define GUARDED_BY(x) PLEIAD_TSA(guarded_by(x))
#define REQUIRES(...) PLEIAD_TSA(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) PLEIAD_TSA(acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) PLEIAD_TSA(try_acquire_capability(__VA_ARGS__))
#define RELEASE(...) PLEIAD_TSA(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS PLEIAD_TSA(no_thread_safety_analysis)
