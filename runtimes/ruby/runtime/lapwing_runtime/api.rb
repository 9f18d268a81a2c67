# frozen_string_literal: true

# The Runtime API (2018-06-01) spoken over one keep-alive HTTP/1.1 connection: an inherited
# descriptor where there is one, otherwise TCP. `net/http` alone would take longer to load than
# the interpreter, so the few lines of HTTP needed are here.

module LapwingRuntime
  # The other side refused a call or the connection broke: the runtime cannot go on.
  class ApiError < StandardError; end

  # The environment is over: nobody is left to tell.
  class ConnectionLost < ApiError; end

  # One event: headers (any case) and body. What AwsLambda::Marshaller gets to see.
  class Invocation
    attr_reader :body, :request_id

    def initialize(headers, body)
      @headers = headers
      @body = body
      @request_id = headers['lambda-runtime-aws-request-id'].to_s
    end

    def [](name)
      @headers[name.downcase]
    end
  end

  class Api
    BASE = '/2018-06-01/runtime/'
    READ_SIZE = 64 * 1024
    HEAD_LIMIT = 1024 * 1024 # request line and headers of the real service
    ERROR_CAUSE_LIMIT = 64 * 1024 # of the X-Ray header; more is not kept by the server
    SMALL_BODY = 32 * 1024 # below this, head and body leave in one write
    CONNECTION_ERRORS = [SystemCallError, IOError].freeze # EOFError is an IOError

    # inherited: the descriptors to read from and to write to, or nil.
    def initialize(address, inherited, agent)
      @address = address
      @inherited = !inherited.nil?
      @in = inherited && IO.for_fd(inherited.first, 'rb')
      @out = inherited && IO.for_fd(inherited.last, 'wb')
      @out&.sync = true
      @buffer = String.new(encoding: Encoding::BINARY)
      @common = "Host: #{address}\r\nUser-Agent: #{agent}\r\n"
      @next = "GET #{BASE}invocation/next HTTP/1.1\r\n#{@common}\r\n".b.freeze
      @asked = false # for the next event, together with the last answer
    end

    # Waits for the next event, without limit.
    def next_invocation
      status, headers, body = @asked ? asked_before : exchange(@next, '', retry_once: true)
      raise ApiError, "Received #{status} when waiting for next invocation." if status != 200

      Invocation.new(headers, body)
    end

    def respond(invocation, body, content_type)
      head = "#{echo(invocation)}Content-Type: #{content_type}\r\n"
      post("invocation/#{invocation.request_id}/response", body, head, then_next: true)
    end

    def fail_invocation(invocation, body, error_type, cause)
      head = echo(invocation) + error_headers(error_type)
      if cause.bytesize <= ERROR_CAUSE_LIMIT
        head += "Lambda-Runtime-Function-XRay-Error-Cause: #{cause}\r\n"
      end
      post("invocation/#{invocation.request_id}/error", body, head)
    end

    def fail_init(body, error_type)
      post('init/error', body, error_headers(error_type))
    end

    private

    # The attempt's id goes back, so that the answer to a timed-out attempt is refused.
    def echo(invocation)
      attempt = invocation['Lambda-Runtime-Invocation-Id']
      attempt ? "Lambda-Runtime-Invocation-Id: #{attempt}\r\n" : ''
    end

    def error_headers(error_type)
      plain = error_type.b.gsub(/[^\x21-\x7e]/n, '')
      "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: #{plain}\r\n"
    end

    def asked_before
      @asked = false
      receive
    rescue *CONNECTION_ERRORS => e
      raise lost(e)
    end

    # Closed by the other side, or by ours, which is worth a word.
    def lost(error)
      closed = [EOFError, Errno::EPIPE, Errno::ECONNRESET].any? { |kind| error.is_a?(kind) }
      (closed ? ConnectionLost : ApiError).new("Connection to the Runtime API lost: #{error.message}")
    end

    def post(path, body, headers, then_next: false)
      body = body.b
      head = "POST #{BASE}#{path} HTTP/1.1\r\n#{@common}#{headers}" \
             "Content-Length: #{body.bytesize}\r\n\r\n".b
      if then_next && @inherited && body.bytesize <= SMALL_BODY
        # One write and one wake-up of the server for both; the answers come in order.
        body << @next
        @asked = true
      end
      status, _, answer = exchange(head, body)
      # 4xx: this answer was not wanted (too large, too late, timed out); the server has told the
      # caller already and the environment is still good. 5xx: the manual says to leave.
      raise ApiError, "POST #{path} failed: status #{status}: #{answer[0, 1000]}" if status >= 500

      status
    end

    def exchange(head, body, retry_once: false)
      connect unless @in
      send_request(head, body)
      receive
    rescue *CONNECTION_ERRORS => e
      # An idle TCP connection may be closed by the other side at any time; asking again for the
      # next event is harmless. An inherited connection cannot be made again.
      raise lost(e) if @inherited || !retry_once

      disconnect
      retry_once = false
      retry
    end

    def connect
      require 'socket'
      host, _, port = @address.rpartition(':')
      @in = @out = TCPSocket.new(host.delete('[]'), Integer(port, 10))
      @out.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      @out.binmode
      @out.sync = true
    rescue SystemCallError, SocketError, ArgumentError => e
      raise ApiError, "Cannot connect to the Runtime API at #{@address}: #{e.message}"
    end

    def disconnect
      @in&.close
      @in = nil
      @buffer.clear
    end

    def send_request(head, body)
      @out.write(head, body) # one system call (writev) where the connection takes it whole
    end

    def more
      @buffer << @in.readpartial(READ_SIZE)
    end

    def receive
      status, headers = receive_head
      status, headers = receive_head while status.between?(100, 199)
      body = if headers['transfer-encoding'].to_s.casecmp?('chunked')
               receive_chunks
             else
               take(headers['content-length'].to_i)
             end
      disconnect if headers['connection'].to_s.casecmp?('close') && !@inherited
      [status, headers, body]
    end

    def receive_head
      until (ending = @buffer.index("\r\n\r\n"))
        raise ApiError, 'Runtime API answer with more than 1 MiB of headers' if
          @buffer.bytesize > HEAD_LIMIT

        more
      end
      lines = @buffer.slice!(0, ending + 4).force_encoding(Encoding::UTF_8).scrub.split("\r\n")
      status = lines.first.to_s[%r{\AHTTP/1\.[01] (\d{3})}, 1]
      raise ApiError, "Runtime API answer is not HTTP: #{lines.first.to_s[0, 200]}" unless status

      headers = lines.drop(1).to_h do |line|
        name, _, value = line.partition(':')
        [name.downcase, value.strip]
      end
      [status.to_i, headers]
    end

    # The next `size` bytes. A large body is read in one piece, not through the buffer.
    def take(size)
      have = @buffer.slice!(0, size)
      while have.bytesize < size
        have << @in.readpartial([size - have.bytesize, 1024 * 1024].min)
      end
      have
    end

    def receive_chunks
      body = String.new(encoding: Encoding::BINARY)
      while (size = line.to_i(16)).positive?
        body << take(size)
        line
      end
      nil until line.empty? # trailers
      body
    end

    def line
      more until (ending = @buffer.index("\r\n"))
      @buffer.slice!(0, ending + 2)[0, ending]
    end
  end
end
