// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The function libraries of a data set: their sources, which dumps, AOFs and masters bring. This
// version can't run functions. It keeps the text, so that who moves a data set here, or through
// here, loses nothing: it is in the next dump and goes to replicas.
//
// Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pleiad {

class FunctionLibraries {
 public:
  struct Library {
    std::string name;
    std::string engine;
    std::string source;
  };
  // What the first line says: "#!lua name=mylib". The errors are a client's, without the code.
  static Result<Library> Parse(std::string_view source);

  // Takes a library in; its name. An error if there is one of that name, unless `replace`.
  Result<std::string> Load(std::string_view source, bool replace);
  // False: there is none of that name.
  bool Delete(std::string_view name);
  void Clear();
  std::vector<Library> All() const;  // by name

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Library, std::less<>> libraries_;
};

}  // namespace pleiad
