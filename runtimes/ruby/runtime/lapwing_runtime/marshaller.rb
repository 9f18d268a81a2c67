# frozen_string_literal: true

require 'json'
require 'stringio'

module AwsLambda
  # From event to argument and from result to answer. Functions may redefine both methods, as on
  # AWS: marshall_response answers [body, content type], or the body alone for JSON.
  class Marshaller
    class << self
      def marshall_request(raw_request)
        content_type = raw_request['Content-Type']
        return raw_request.body unless content_type.nil? || content_type == 'application/json'
        return {} if raw_request.body.empty?

        JSON.parse(raw_request.body.dup.force_encoding(Encoding::UTF_8))
      end

      # A StringIO or IO is a result that is not JSON.
      def marshall_response(method_response)
        case method_response
        when StringIO, IO then [method_response, 'application/unknown']
        else method_response.to_json
        end
      end
    end
  end
end
