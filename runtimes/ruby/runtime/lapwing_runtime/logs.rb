# frozen_string_literal: true

# Where log records go. With a telemetry descriptor `puts` and a Logger on stdout or stderr write
# frames, one record a frame, as AWS's client does; without one they are left as Ruby has them.

require 'logger'

module LapwingRuntime
  # The format of AWS's Ruby logs: Ruby's own, and the request the record belongs to.
  class LogFormatter < Logger::Formatter
    def call(severity, time, progname, msg)
      format('%<letter>s, [%<time>s #%<pid>d] %<severity>5s %<request>s -- %<program>s: %<text>s',
             letter: severity[0], time: format_datetime(time), pid: Process.pid,
             severity: severity, request: $_global_aws_request_id, program: progname,
             text: msg2str(msg))
    end
  end

  # Frames on a descriptor of their own: what the server gives is a pipe, a record is a write.
  class FrameSink
    FRAME_TEXT = 0xa55a0003

    def initialize(fd)
      @io = IO.for_fd(fd, 'wb')
      @io.sync = true
      @io.close_on_exec = true
      @lock = Mutex.new
    end

    def write(message)
      body = message.to_s.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).b
      micros = Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
      frame = [FRAME_TEXT, body.bytesize, micros].pack('L>L>Q>') << body
      # A Logger may be used in a signal handler, where no lock may be taken.
      @lock.synchronize { @io.write(frame) }
    rescue ThreadError
      @io.write(frame)
    end

    def close; end

    def reopen(_log = nil, **) = self
  end

  module Logs
    # Into Logger: what is meant for stdout or stderr goes to the sink, at AWS's default level.
    module LoggerPatch
      def initialize(logdev, *rest, level: 'debug', formatter: nil, **options)
        if logdev.nil? || logdev == $stdout || logdev == $stderr
          logdev = Logs.sink
          formatter ||= LogFormatter.new
        end
        super(logdev, *rest, level: level, formatter: formatter, **options)
      end
    end

    class << self
      attr_reader :sink

      def set_up
        $stdout.sync = true
        $stderr.sync = true
        fd = ENV.delete('_LAMBDA_TELEMETRY_LOG_FD').to_s
        return unless fd.match?(/\A\d+\z/)

        @sink = FrameSink.new(fd.to_i)
        Logger.prepend(LoggerPatch)
        replace_puts
      end

      # As AWS's client logs what went wrong: two records.
      def report(failure, message)
        Kernel.puts(message)
        Kernel.puts(JSON.pretty_generate(failure.payload))
      end

      private

      def replace_puts
        sink = @sink
        write = lambda do |*args|
          text = args.flatten.map { |arg| arg.to_s.encode(Encoding::UTF_8) }.join("\n")
          sink.write(text.end_with?("\n") ? text : "#{text}\n")
          nil
        end
        Kernel.define_method(:puts) { |*args| write.call(*args) }
        Kernel.define_singleton_method(:puts) { |*args| write.call(*args) }
      end
    end
  end
end
