# frozen_string_literal: true

# The life of a runtime process: prepare, load the handler, serve events until the end.
#
# `prepare` depends on nothing but the interpreter: a process that stands by (standby.rb) has done
# it ahead of time. `run` takes this function's environment and serves.

require 'json'
require_relative 'api'
require_relative 'context'
require_relative 'failure'
require_relative 'handler'
require_relative 'logs'
require_relative 'marshaller'
require_relative 'standby'

module LapwingRuntime
  module Loop
    # Exit statuses of AWS's client.
    CRITICAL = -1 & 0xff
    INIT_FAILED = -4 & 0xff
    CONNECTION_LOST = 1

    class << self
      def main(runtime_dir)
        prepare(runtime_dir)
        return 0 if Standby.wanted? && !Standby.wait

        run
      end

      # Function code, then layers (RUBYLIB, GEM_PATH), the interpreter's own, the SDK last.
      def prepare(runtime_dir)
        sdk = "#{runtime_dir}/sdk"
        $LOAD_PATH.push(sdk) if File.directory?(sdk)
      end

      # The status to exit with.
      def run
        keep_own_gems
        task_root = ENV.fetch('LAMBDA_TASK_ROOT', '/var/task')
        $LOAD_PATH.unshift(task_root) unless $LOAD_PATH.include?(task_root)
        api = connect
        Logs.set_up
        handler = load(api)
        return INIT_FAILED unless handler

        loop do
          status = serve_one(api, handler)
          return status if status
        end
      rescue ApiError => e
        # The server gave us up: the environment is over.
        warn(e.message) unless e.is_a?(ConnectionLost)
        CONNECTION_LOST
      end

      private

      # GEM_HOME is AWS's folder of gems here; those that came with the interpreter come last,
      # and the SDK's after them.
      def keep_own_gems
        return unless defined?(Gem)

        own = [*Gem.default_path, "#{__dir__}/../sdk"]
        own.select! { |folder| File.directory?("#{folder}/specifications") }
        Gem.use_paths(Gem.dir, *Gem.path, *(own - Gem.path))
      end

      def connect
        text = ENV.delete('_LAPWING_RUNTIME_FD').to_s
        inherited = text.split(':').map(&:to_i) if text.match?(/\A\d+(:\d+)?\z/)
        inherited&.each { |fd| IO.for_fd(fd, autoclose: false).close_on_exec = true }
        Api.new(ENV.fetch('AWS_LAMBDA_RUNTIME_API', '127.0.0.1:9001'), inherited,
                "lapwing-ruby/#{RUBY_VERSION}")
      end

      # The handler, or nil after telling the server why there is none.
      def load(api)
        handler = Handler.new(ENV['_HANDLER'].to_s)
        handler.load
        handler
      rescue Exception => e # rubocop:disable Lint/RescueException: SyntaxError, exit, ...
        failure = Failure.new(e, 'Init')
        Logs.report(failure, 'Init error when loading handler')
        api.fail_init(JSON.generate(failure.payload), failure.public_type)
        nil
      end

      # The status to exit with when the function has done something after which AWS's client
      # gives up the process; nil otherwise.
      def serve_one(api, handler)
        invocation = api.next_invocation
        $_global_aws_request_id = invocation.request_id
        trace = invocation['Lambda-Runtime-Trace-Id'].to_s
        ENV['_X_AMZN_TRACE_ID'] = trace.empty? ? nil : trace
        begin
          body, content_type = answer(invocation, handler)
        rescue NameError => e # NoMethodError is one
          return give_up(api, invocation, e)
        rescue StandardError => e
          report(api, invocation, e, 'Error raised from handler method')
          return nil
        rescue Exception => e # rubocop:disable Lint/RescueException: as AWS's client
          return give_up(api, invocation, e)
        end
        api.respond(invocation, body, content_type)
        nil
      end

      def answer(invocation, handler)
        context = LambdaContext.new(invocation)
        event = AwsLambda::Marshaller.marshall_request(invocation)
        body, content_type = AwsLambda::Marshaller.marshall_response(handler.call(event, context))
        body = body.read.to_s if body.respond_to?(:read)
        [body.to_s, content_type || 'application/json']
      end

      def give_up(api, invocation, error)
        report(api, invocation, error, 'Critical exception from handler')
        CRITICAL
      end

      def report(api, invocation, error, message)
        failure = Failure.new(error, 'Function')
        Logs.report(failure, message)
        api.fail_invocation(invocation, JSON.generate(failure.payload), failure.public_type,
                            failure.cause)
      end
    end
  end
end
