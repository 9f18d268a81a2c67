# frozen_string_literal: true

module LapwingRuntime
  # From the text of a function's Handler (`file.method`, `file.Module::Class.method`) to the call.
  class Handler
    # What `self` is inside a handler: methods of a file's top level are Object's, private.
    class Receiver; end

    def initialize(text)
      parts = text.split('.')
      unless [2, 3].include?(parts.size)
        raise ArgumentError, "Invalid handler #{parts}, must be of form FILENAME.METHOD or " \
                             'FILENAME.CLASS.METHOD where FILENAME corresponds with an existing ' \
                             'Ruby source file FILENAME.rb, CLASS is an optional module/class ' \
                             'namespace and METHOD is a callable method. If using CLASS, METHOD ' \
                             'must be a class-level method.'
      end
      @file = parts.first
      @class_name = parts[1] if parts.size == 3
      @method = parts.last
    end

    def load
      require @file
    end

    def call(event, context)
      receiver = @class_name ? Kernel.const_get(@class_name) : Receiver.new
      receiver.__send__(@method, event: event, context: context)
    end
  end
end
