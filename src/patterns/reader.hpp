// What the compiler's parts share: the tokens, the dialect, and the first fault found. Internal to
// this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/compile.hpp"
#include "patterns/tokens.hpp"

namespace lapwing::patterns {

struct Reader {
  Reader(std::string_view text, Dialect which)
      : tokens(text), dialect(which), grammar(grammar_of(which)) {}

  // The next token; kNone with a fault set where the text is no JSON from there on.
  Token next();
  // The next token is this one, or the reason is refused.
  bool expect(Token token, std::string_view reason) { return next() == token || refuse(reason); }
  // Each returns false; only the first fault is kept.
  bool refuse(std::string_view reason) { return keep(reason, tokens.location()); }
  // Without a place.
  bool refuse_bare(std::string_view reason) { return keep(reason, ""); }
  // In SNS's own words, with nothing before them.
  bool refuse_whole(std::string_view message);

  Tokens tokens;
  Dialect dialect;
  Grammar grammar;
  std::optional<Fault> fault;

 private:
  bool keep(std::string_view reason, std::string_view location);
};

// One value of a field's array that is an object: {"prefix": "a"}. The current token is its
// bracket; afterwards, its closing one.
bool read_match_expression(Reader& reader, std::vector<Test>& tests);
// Is it a word of match expressions, now or to come?
bool is_reserved(std::string_view name);

// Within the dialect's bounds.
bool number_compares(const Reader& reader, double number);

}  // namespace lapwing::patterns
