#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Pleiad authors
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of tools/tidy: each rule finds what it should and lets the rest be."""
import importlib.machinery
import importlib.util
import os
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
LOADER = importlib.machinery.SourceFileLoader('tidy', os.path.join(HERE, 'tidy'))
tidy = importlib.util.module_from_spec(importlib.util.spec_from_loader('tidy', LOADER))
LOADER.exec_module(tidy)

CMAKE = '''
pleiad_module(base LINKS)
pleiad_module(resp LINKS base)
pleiad_module(config LINKS base DIR server/config)
pleiad_commands(commands LINKS resp)
pleiad_module(server LINKS config EXCLUDE server/config)
'''
TABLE = tidy.modules(CMAKE)
SPDX = '// ' + tidy.SPDX[0] + '\n// ' + tidy.SPDX[1] + '\n'


def lengths(text):
    return {name: lines for name, _, lines in tidy.functions(text)}


def rules(path, text):
    findings = tidy.Findings()
    tidy.check_text(path, text, findings)
    if path.endswith(tidy.CPP):
        tidy.check_cpp(path, text, TABLE, findings)
    if path.startswith('src/commands/'):
        tidy.check_command(path, text, findings)
    if path.startswith('tests/'):
        tidy.check_python_test(path, text, findings)
    return sorted({row[0] for row in findings.rows})


class Functions(unittest.TestCase):
    def test_plain_and_members(self):
        text = ('namespace a {\nint F() {\n  return 1;\n}\nclass C : public B {\n public:\n  C() : x_{1}, y_(2) {\n'
                '    if (x_) {\n    }\n  }\n  int G() const { return 1; }\n  int x_ = {3};\n};\n}\n')
        self.assertEqual(lengths(text), {'F': 3, 'C': 4, 'G': 1})

    def test_lambdas_count_to_their_function(self):
        text = 'void F() {\n  auto g = [&](int x) {\n    return x;\n  };\n  Each([] {\n    g(1);\n  });\n}\n'
        self.assertEqual(lengths(text), {'F': 8})

    def test_values_are_no_functions(self):
        text = ('const Spec kGet = {\n.a = F(1),\n.b = {2},\n};\nconst Reg kSet{{\n.read = Get}};\nint a[] = {\n1};\n'
                'enum class E : int {\nkA\n};\nstruct S {\nint x;\n};\n')
        self.assertEqual(lengths(text), {})

    def test_heads(self):
        text = ('template <typename T, size_t N = sizeof(int)>\nclass X {\n  T operator()(int a) && {\n    return a;\n  }\n};\n'
                'template <typename T>\nauto F(T t) -> std::vector<int> {\n  return {};\n}\n'
                'class CAPABILITY("m") Lock {\n void Take() ACQUIRE() {\n }\n};\n'
                'TEST(Suite, Name) {\n  EXPECT_EQ(1, 1);\n}\n'
                'Foo::Foo(int a)\n    : a_(a),\n      b_{a} {\n  Run();\n}\n')
        got = lengths(text)
        self.assertEqual(got['F'], 4)
        self.assertEqual(got['Take'], 2)
        self.assertEqual(got['Suite.Name'], 3)
        self.assertEqual(got['Foo::Foo'], 5)

    def test_braces_in_text_do_not_count(self):
        text = ('void F() {\n  // }\n  /* { */\n  const char* a = "}{\\"{";\n  char b = \'{\';\n  auto c = R"x(\n}}}\n)x";\n'
                '  int d = 1\'000;\n}\n#define M(x) \\\n  {\nvoid G() {\n}\n')
        self.assertEqual(lengths(text), {'F': 10, 'G': 2})

    def test_long_function_is_found(self):
        long_one = SPDX + 'void F() {\n' + '  x();\n' * 69 + '}\n'
        self.assertEqual(rules('src/base/a.cc', long_one), ['function-lines'])
        self.assertEqual(rules('src/base/a.cc', SPDX + 'void F() {\n' + '  x();\n' * 68 + '}\n'), [])


class Rules(unittest.TestCase):
    def test_files(self):
        self.assertEqual(rules('src/base/a.h', SPDX + '#pragma once\n'), [])
        self.assertEqual(rules('src/base/a.h', SPDX), ['pragma-once'])
        self.assertEqual(rules('src/base/a.h', '#pragma once\n'), ['spdx'])
        self.assertEqual(rules('src/base/a.cc', SPDX + '\n' * 799), ['file-lines'])
        self.assertEqual(rules('src/base/a.cc', SPDX + '//' + 'x' * 98 + '\n'), [])
        self.assertEqual(rules('src/base/a.cc', SPDX + '//' + 'x' * 99 + '\n'), ['columns'])
        self.assertEqual(rules('docs/a.md', 'see /ho' 'me/me/x'), ['home-path'])
        self.assertEqual(rules('docs/a.md', 'see src/home/me/x and /usr/bin/x'), [])
        self.assertEqual(rules('src/base/a.cc', SPDX + '// TO' 'DO: later\n'), ['mark'])
        self.assertEqual(rules('tools/x', '#!/bin/sh\n'), ['spdx'])

    def test_include_rule(self):
        self.assertEqual(rules('src/resp/a.cc', SPDX + '#include "base/x.h"\n'), [])
        self.assertEqual(rules('src/base/a.cc', SPDX + '#include "resp/x.h"\n'), ['include'])
        self.assertEqual(rules('src/base/a.cc', SPDX + '#include "../resp/x.h"\n'), ['include'])
        self.assertEqual(rules('src/commands/a_test.cc', SPDX + '#include "base/x.h"\n'), [])
        self.assertEqual(rules('src/server/a.cc', SPDX + '#include "server/config/x.h"\n'), [])
        self.assertEqual(rules('src/server/config/a.cc', SPDX + '#include "server/info.h"\n'), ['include'])
        self.assertEqual(rules('src/base/a.cc', SPDX + '#include <iostream>\n'), ['heavy-include'])

    def test_world(self):
        for line in ('#include <thread>', '#include <sys/socket.h>', '#include <chrono>', 'x = time(nullptr);',
                     'clock_gettime(CLOCK_REALTIME, &t);', 'std::thread t;', '#include <random>', 'x = rand();',
                     '#include <fstream>'):
            self.assertEqual(rules('src/resp/a.cc', SPDX + line + '\n'), ['world'], line)
            self.assertEqual(rules('src/runtime/a.cc', SPDX + line + '\n'), [], line)
        for line in ('// time(nullptr)', 'x = "rand()";', 'x.time(0);', 'operand(1);', 'expire_time(now);'):
            self.assertEqual(rules('src/resp/a.cc', SPDX + line + '\n'), [], line)

    def test_sleep(self):
        self.assertEqual(rules('src/resp/a_test.cc', SPDX + 'std::this_thread::sleep_for(x);\n'), ['sleep'])
        header = SPDX.replace('//', '#')
        self.assertEqual(rules('tests/test_a.py', header + 'time.sleep(1)\n'), ['sleep'])
        self.assertEqual(rules('tests/test_a.py', header + 'time.sleep(0.01)\n'), [])
        self.assertEqual(rules('tests/test_a.py', header + 'time.sleep(3)  # measured, not a wait\n'), [])

    def test_transcript(self):
        command = SPDX + 'const CommandRegistration kGet{};\n'
        self.assertEqual(rules('src/commands/a.cc', command), ['transcript'])
        self.assertEqual(rules('src/commands/a.cc', command + '// > GET a\n// (nil)\n'), [])
        self.assertEqual(rules('src/commands/a.cc', SPDX), [])

    def test_local_names(self):
        a = ('namespace pleiad {\nnamespace {\nconstexpr int kA = 1;\nusing B = int;\nstruct C {\n  int member;\n};\n'
             'template <typename T>\nbool D(T t) {\n  int local = 1;\n  return t;\n}\nstruct Later;\n'
             'const CommandRegistration kE{{.name = "e",\n.read = D}};\nint f[2] = {1};\nTEST(Suite, G) {\n}\n'
             'enum class H { kOne };\n}  // namespace\nint Outside() {\n}\n}\n')
        self.assertEqual(tidy.local_names(a), [('kA', 3), ('B', 4), ('C', 5), ('D', 8), ('kE', 14), ('f', 16), ('H', 19)])

        def clashes(*paths):
            findings = tidy.Findings()
            tidy.check_local_names({path: a for path in paths}, findings)
            return len(findings.rows)
        self.assertEqual(clashes('src/resp/a.cc', 'src/resp/b_test.cc'), 7)
        self.assertEqual(clashes('src/resp/a.cc', 'src/base/a.cc'), 0)
        self.assertEqual(clashes('src/resp/a.cc', 'src/resp/a_fuzz.cc', 'src/resp/a.h'), 0)

    def test_modules(self):
        self.assertEqual(TABLE['commands'][2], {'commands', 'resp', 'base'})
        self.assertEqual(tidy.module_of('src/server/config/a.h', TABLE), 'config')
        self.assertEqual(tidy.module_of('src/server/a.h', TABLE), 'server')
        self.assertIsNone(tidy.module_of('src/main.cc', TABLE))


if __name__ == '__main__':
    result = unittest.TextTestRunner(verbosity=0, stream=open(os.devnull, 'w')).run(
        unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__']))
    for _, trace in result.failures + result.errors:
        print(trace)
    print('tidy_test: %d tests, %d failed' % (result.testsRun, len(result.failures) + len(result.errors)))
    sys.exit(0 if result.wasSuccessful() else 1)
