# frozen_string_literal: true

# First file the interpreter runs.

require_relative 'lapwing_runtime/loop'

exit(LapwingRuntime::Loop.main(__dir__)) if $PROGRAM_NAME == __FILE__
