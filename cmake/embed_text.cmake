# Writes OUTPUT, a C++ file whose function FUNCTION gives the text of INPUT.
# cmake -DINPUT=file -DOUTPUT=file -DHEADER=path -DFUNCTION=name -P embed_text.cmake
file(READ ${INPUT} text)
# A string literal has a limit in some compilers; pieces are put together at the start.
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND pieces "  out += R\"embedded(${piece})embedded\";\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nnamespace ssb::sim::cli {\n// NOLINTNEXTLINE(readability-function-size): it is a text\nstd::string ${FUNCTION}() {\n  std::string out;\n${pieces}  return out;\n}\n}  // namespace ssb::sim::cli\n")
