# Descriptor tables, typed structs and errors, generated at build time from models/ by codegen/
# (Python 3, standard library): "gen/models.hpp", "gen/<service>/model.hpp" and what
# codegen/structs.py lists. The folder that compiles the tables (src/aws) calls
#   lapwing_codegen(lapwing_aws)
# which also declares lapwing_gen_<service>, a library of the service's structs and errors, compiled
# where a service (or a test) links it, and lapwing_generated: the files made, nothing compiled.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# The files of the models, into <service>_files; they are known before they are made.
function(lapwing_list_generated)
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/codegen/generate.py files ${ARGN}
    OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE "\n" ";" lines "${listed}")
  foreach(line IN LISTS lines)
    separate_arguments(words UNIX_COMMAND "${line}")
    list(POP_FRONT words service)
    set(${service}_files ${words} PARENT_SCOPE)
  endforeach()
endfunction()

# Declares how the files of one model are made, and its library. Adds them to `generated`.
macro(lapwing_generate service model overlay)
  set(outputs ${${service}_files})
  list(TRANSFORM outputs PREPEND ${gen_dir}/${service}/)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/codegen/generate.py service
      ${model} ${gen_dir}/${service}
    DEPENDS ${generator} ${model} ${overlay}
    COMMENT "Generating ${service}" VERBATIM)
  list(APPEND generated ${outputs})
  set(sources ${outputs})
  list(FILTER sources INCLUDE REGEX "/(types_[0-9]+|errors)\\.cpp$")
  add_library(lapwing_gen_${service} STATIC EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(lapwing_gen_${service} PUBLIC lapwing_aws)
  target_precompile_headers(lapwing_gen_${service} REUSE_FROM lapwing_pch)
endmacro()

function(lapwing_codegen target)
  set(gen_dir ${CMAKE_BINARY_DIR}/generated/gen)
  file(GLOB generator CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/codegen/*.py)
  file(GLOB models CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/*.json)
  list(FILTER models EXCLUDE REGEX "/package[^/]*\\.json$")
  set(golden ${CMAKE_SOURCE_DIR}/codegen/golden)
  # What an overlay changes may be which files there are.
  file(GLOB overlays CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/overlay/*.json)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${generator} ${models} ${overlays} ${golden}/toy.json ${golden}/overlay/toy.json)
  lapwing_list_generated(${models} ${golden}/toy.json)

  set(generated)
  set(names)
  foreach(model IN LISTS models)
    get_filename_component(service ${model} NAME_WE)
    file(GLOB overlay CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/overlay/${service}.json)
    lapwing_generate(${service} ${model} "${overlay}")
    list(APPEND names ${service})
  endforeach()
  set(outputs ${gen_dir}/models.hpp ${gen_dir}/models.cpp)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/codegen/generate.py list
      ${gen_dir} ${names}
    DEPENDS ${generator} COMMENT "Generating the list of services" VERBATIM)
  list(APPEND generated ${outputs})

  set(tables ${generated})
  list(FILTER tables INCLUDE REGEX "/models?\\.cpp$")
  target_sources(${target} PRIVATE ${tables})

  # The toy service of the golden test is what the engines are tested with.
  lapwing_generate(toy ${golden}/toy.json ${golden}/overlay/toy.json)
  target_sources(lapwing_gen_toy PRIVATE ${gen_dir}/toy/model.cpp)
  if(TARGET ${target}_test)
    target_link_libraries(${target}_test PRIVATE lapwing_gen_toy lapwing_gen_lambda lapwing_gen_sts)
  endif()
  add_custom_target(lapwing_generated DEPENDS ${generated})
  add_dependencies(${target} lapwing_generated)
endfunction()
