# The page's files as one C source: cmake -DOUTPUT=... -DFOLDER=... -P embed.cmake

file (GLOB files "${FOLDER}/*")
list (SORT files)
set (source "/* Made from broker/web/page by embed.cmake. */\n\n#include \"page.h\"\n\n")
set (table "")
set (number 0)
foreach (file IN LISTS files)
    cmake_path (GET file FILENAME name)
    file (READ "${file}" hex HEX)
    string (REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string (REGEX REPLACE "(................................................................................)"
        "\\1\n" bytes "${bytes}")
    string (APPEND source "static const unsigned char file_${number}[] = {\n${bytes}};\n\n")
    string (APPEND table "    {\"${name}\", file_${number}, sizeof file_${number}},\n")
    math (EXPR number "${number} + 1")
endforeach ()
string (APPEND source "const page_file_t page_files[] = {\n${table}    {0, 0, 0}};\n")
file (WRITE "${OUTPUT}" "${source}")
