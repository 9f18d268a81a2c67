# Descriptor tables and typed structs, generated at build time from models/ by codegen/
# (Python 3, standard library). Included as "gen/<service>/model.hpp", "gen/<service>/types.hpp"
# and "gen/models.hpp". The folder that compiles them (src/aws) calls
#   lapwing_codegen(lapwing_aws)
# which also declares lapwing_generated: the files made, nothing compiled.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(LAPWING_MODELS events iam kms lambda logs s3 sns sqs sts)

function(lapwing_codegen target)
  set(typed_json ${CMAKE_SOURCE_DIR}/codegen/typed.json)
  set(gen_dir ${CMAKE_BINARY_DIR}/generated/gen)
  file(GLOB generator CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/codegen/*.py)
  file(READ ${typed_json} typed_text)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${typed_json})

  set(generated)
  foreach(service IN LISTS LAPWING_MODELS)
    set(outputs ${gen_dir}/${service}/model.hpp ${gen_dir}/${service}/model.cpp)
    string(JSON listed ERROR_VARIABLE missing GET "${typed_text}" ${service})
    if(NOT missing)
      list(APPEND outputs ${gen_dir}/${service}/types.hpp ${gen_dir}/${service}/types.cpp)
    endif()
    file(GLOB overlay CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/overlay/${service}.json)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/codegen/generate.py service
        ${CMAKE_SOURCE_DIR}/models/${service}.json ${typed_json} ${gen_dir}/${service}
      DEPENDS ${generator} ${typed_json} ${CMAKE_SOURCE_DIR}/models/${service}.json ${overlay}
      COMMENT "Generating ${service}" VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()

  set(outputs ${gen_dir}/models.hpp ${gen_dir}/models.cpp)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/codegen/generate.py list
      ${gen_dir} ${LAPWING_MODELS}
    DEPENDS ${generator} COMMENT "Generating the list of services" VERBATIM)
  list(APPEND generated ${outputs})

  target_sources(${target} PRIVATE ${generated})

  # The toy service of the golden test is what the engines are tested with.
  if(TARGET ${target}_test)
    set(golden ${CMAKE_SOURCE_DIR}/codegen/golden)
    set(outputs)
    foreach(file model.hpp model.cpp types.hpp types.cpp)
      list(APPEND outputs ${gen_dir}/toy/${file})
    endforeach()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/codegen/generate.py service
        ${golden}/toy.json ${golden}/typed.json ${gen_dir}/toy
      DEPENDS ${generator} ${golden}/toy.json ${golden}/typed.json ${golden}/overlay/toy.json
      COMMENT "Generating toy" VERBATIM)
    target_sources(${target}_test PRIVATE ${outputs})
  endif()
  add_custom_target(lapwing_generated DEPENDS ${generated})
endfunction()
