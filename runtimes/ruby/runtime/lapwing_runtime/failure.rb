# frozen_string_literal: true

module LapwingRuntime
  # An error of the function told three ways: to the caller, to X-Ray, in the log; with the types
  # of AWS's client: `Function<RuntimeError>`, `Init<LoadError>`.
  class Failure
    STACK_MAX = 100
    CAUSE_STACK_MAX = 15
    # Named in the error-type header; classes of the function's own are not.
    PUBLIC = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit
                SystemStackError].freeze
    HERE = "#{__dir__}/"

    def initialize(error, phase)
      @type = "#{phase}<#{error.class}>"
      @public_type = PUBLIC.include?(error.class.to_s) ? @type : 'Function<UserException>'
      @message = message_of(error)
      @stack = own_frames(error.backtrace_locations)
    end

    attr_reader :public_type

    def payload
      { errorMessage: @message, errorType: @type, stackTrace: @stack.map { |frame| text(frame) } }
    end

    # X-Ray's view, for a header: ASCII, so it has no line ends.
    def cause
      stack = @stack.first(CAUSE_STACK_MAX).map do |frame|
        { path: text(frame.path), line: frame.lineno, label: text(frame.label) }
      end
      JSON.generate({ working_directory: Dir.pwd, paths: defined?(Gem) ? Gem.paths.path : [],
                      exceptions: [{ message: @message, type: @type, stack: stack }] },
                    ascii_only: true)
    end

    private

    # Everything up to the first frame of the runtime: the function's code and what it called.
    def own_frames(locations)
      locations.to_a.first(STACK_MAX).take_while { |frame| !frame.path.to_s.start_with?(HERE) }
    end

    def message_of(error)
      text(error.message)
    rescue StandardError
      '<exception message failed>'
    end

    # Must pass through JSON whatever bytes it is made of.
    def text(value)
      value.to_s.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub
    end
  end
end
